"""The chats of a domain pack's demo, so that the desk can be tried without a chat platform."""

from __future__ import annotations

import random
from itertools import chain, zip_longest
from typing import TYPE_CHECKING

from desktop_assistant.sources.playback import Playback

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from desktop_assistant.conversation import Conversation, Message
    from desktop_assistant.sources.playback import Schedule
    from desktop_assistant.training_example import Dialogue

LIVE_CHATS = 7


class DemoSource:
    """A ``ChatSource`` that never runs dry: seven customers at once, languages in turn."""

    name = "demo"

    def __init__(
        self,
        dialogues: Sequence[Dialogue],
        schedule: Schedule,
        clock: Callable[[], datetime],
        rng_seed: int = 0,
        speed: float = 1.0,
        continued: Sequence[Conversation] = (),
    ) -> None:
        """See ``Playback``."""
        self._playback = Playback(
            in_turn(dialogues, rng_seed),
            schedule,
            clock,
            rng_seed=rng_seed,
            speed=speed,
            live=LIVE_CHATS,
            continued=continued,
        )

    def start(
        self,
        on_conversation: Callable[[Conversation], None],
        on_message: Callable[[Message], None],
    ) -> None:
        self._playback.start(on_conversation, on_message)

    def send(self, message: Message) -> None:
        self._playback.answer(message)

    def stop(self) -> None:
        self._playback.stop()


def in_turn(dialogues: Sequence[Dialogue], rng_seed: int) -> list[Dialogue]:
    """Shuffle the dialogues of each language, and let the languages take turns."""
    by_lang: dict[str, list[Dialogue]] = {}
    for dialogue in dialogues:
        by_lang.setdefault(dialogue.lang, []).append(dialogue)
    shuffler = random.Random(rng_seed)
    for same_lang in by_lang.values():
        shuffler.shuffle(same_lang)
    rounds = zip_longest(*by_lang.values())
    return [dialogue for dialogue in chain.from_iterable(rounds) if dialogue is not None]
