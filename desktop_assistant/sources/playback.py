"""Plays dialogues as live chats: the customers' side comes by itself, the agent's is the user's.

A customer's next words come some seconds after the agent's answer, the longer the later; what
they wrote in several messages comes in several. The agent's turns of the dialogue are never
played. Time is handed in, so that nothing here waits.
"""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_assistant.conversation import Conversation, Message, language_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from desktop_assistant.conversation import Language
    from desktop_assistant.training_example import Dialogue

    Schedule = Callable[[float, Callable[[], None]], None]

FIRST_CHAT_S = 0.4
BETWEEN_CHATS_S = (3.0, 9.0)
THINKING_S = 2.0
SECONDS_PER_CHAR = {"en": 0.06, "zh": 0.25}
"""A brisk typist: about 200 characters a minute with pauses left out, or 40 words."""
LONGEST_DELAY_S = 14.0

SEPARATOR = "#"
"""Between a dialogue's id and the number of its performance, in a conversation's id."""


@dataclass(slots=True)
class _Performance:
    """A dialogue on stage; ``position`` is the next turn. ``is_typing``: it is on its way."""

    dialogue: Dialogue
    conversation: Conversation
    position: int = 0
    is_typing: bool = False


class Playback:
    """Keeps up to ``live`` chats going at once; the next begins when one is over."""

    def __init__(
        self,
        dialogues: Sequence[Dialogue],
        schedule: Schedule,
        clock: Callable[[], datetime],
        *,
        rng_seed: int = 0,
        speed: float = 1.0,
        live: int = 7,
        is_endless: bool = True,
        channel: str = "web chat",
        continued: Sequence[Conversation] = (),
    ) -> None:
        """Nothing plays before ``start``.

        Args:
            dialogues: the repertoire, in order.
            schedule: runs a callback after so many seconds, on the caller's thread.
            clock: the time of day in UTC, for the messages.
            rng_seed: decides all delays.
            speed: 2.0 plays twice as fast.
            live: how many chats go on at the same time.
            is_endless: whether the repertoire begins anew when it is through.
            channel: what the conversations say they come from.
            continued: conversations of an earlier session, taken up where they were left.
        """
        self._repertoire = {dialogue.dialogue_id: dialogue for dialogue in dialogues}
        self._upcoming = list(self._repertoire.values())
        self._schedule = schedule
        self._clock = clock
        self._random = random.Random(rng_seed)
        self._speed = speed
        self._live = min(live, len(self._repertoire))
        self._is_endless = is_endless
        self._channel = channel
        self._on_stage: dict[str, _Performance] = {}
        self._announce: Callable[[Conversation], None] = _unheard
        self._say: Callable[[Message], None] = _unheard
        self._is_stopped = False
        for left in continued:
            self._take_up(left)

    def start(
        self,
        on_conversation: Callable[[Conversation], None],
        on_message: Callable[[Message], None],
    ) -> None:
        """Let the customers come, one after the other."""
        self._announce = on_conversation
        self._say = on_message
        for performance in self._on_stage.values():
            if not performance.conversation.is_waiting:
                self._go_on(performance)
        delay_s = FIRST_CHAT_S
        for _ in range(self._live - len(self._on_stage)):
            self._after(delay_s, self._open_next)
            delay_s += self._random.uniform(*BETWEEN_CHATS_S)

    def answer(self, message: Message) -> None:
        """The agent has answered; the customer thinks, and goes on."""
        performance = self._on_stage.get(message.conversation_id)
        if performance is not None and not performance.is_typing:
            self._skip_agent(performance)
            self._go_on(performance)

    def stop(self) -> None:
        """Nothing is said any more."""
        self._is_stopped = True

    def _take_up(self, conversation: Conversation) -> None:
        dialogue = self._repertoire.get(conversation.conversation_id.rpartition(SEPARATOR)[0])
        if dialogue is None:
            return
        said = sum(message.role == "customer" for message in conversation.messages)
        customer_turns = [at for at, t in enumerate(dialogue.turns) if t.role == "customer"]
        if said >= len(customer_turns):
            return
        performance = _Performance(dialogue, conversation, customer_turns[said])
        self._on_stage[conversation.conversation_id] = performance
        if dialogue in self._upcoming:
            self._upcoming.remove(dialogue)

    def _open_next(self) -> None:
        dialogue = self._next_dialogue()
        if dialogue is None:
            return
        lang: Language = "zh" if dialogue.lang.startswith("zh") else "en"
        conversation = Conversation(
            conversation_id=f"{dialogue.dialogue_id}{SEPARATOR}{uuid.uuid4().hex[:12]}",
            customer_name=dialogue.customer_name or dialogue.dialogue_id,
            lang=lang,
            started_at=self._clock(),
            channel=self._channel,
        )
        performance = _Performance(dialogue, conversation)
        self._on_stage[conversation.conversation_id] = performance
        self._announce(conversation)
        self._skip_agent(performance)
        self._say_next(performance)

    def _next_dialogue(self) -> Dialogue | None:
        if not self._upcoming and self._is_endless:
            playing = {id(performance.dialogue) for performance in self._on_stage.values()}
            self._upcoming = [d for d in self._repertoire.values() if id(d) not in playing]
        return self._upcoming.pop(0) if self._upcoming else None

    def _say_next(self, performance: _Performance) -> None:
        """Say the turn at the position, and go on to the next as far as it is the customer's."""
        performance.is_typing = False
        dialogue, conversation = performance.dialogue, performance.conversation
        if performance.position < len(dialogue.turns):
            text = dialogue.turns[performance.position].text
            performance.position += 1
            self._say(
                Message(
                    message_id=str(uuid.uuid4()),
                    conversation_id=conversation.conversation_id,
                    role="customer",
                    text=text,
                    sent_at=self._clock(),
                )
            )
        self._go_on(performance)

    def _go_on(self, performance: _Performance) -> None:
        turns = performance.dialogue.turns
        if performance.position >= len(turns):
            self._end(performance)
        elif turns[performance.position].role == "customer":
            performance.is_typing = True
            delay_s = self._delay_s(turns[performance.position].text)
            self._after(delay_s, lambda: self._say_next(performance))

    def _skip_agent(self, performance: _Performance) -> None:
        turns = performance.dialogue.turns
        while performance.position < len(turns) and turns[performance.position].role == "agent":
            performance.position += 1

    def _end(self, performance: _Performance) -> None:
        ended = self._on_stage.pop(performance.conversation.conversation_id, None)
        if ended is not None:
            self._after(self._random.uniform(*BETWEEN_CHATS_S), self._open_next)

    def _delay_s(self, text: str) -> float:
        typing_s = len(text) * SECONDS_PER_CHAR[language_of(text)]
        return min(LONGEST_DELAY_S, THINKING_S + typing_s) * self._random.uniform(0.8, 1.2)

    def _after(self, delay_s: float, call: Callable[[], None]) -> None:
        def unless_stopped() -> None:
            if not self._is_stopped:
                call()

        self._schedule(delay_s / self._speed, unless_stopped)


def _unheard(_: object) -> None:
    """Before ``start`` nobody listens."""
