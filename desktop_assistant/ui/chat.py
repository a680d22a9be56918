"""One conversation as the desk keeps it: what was said, understood, found and typed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from desktop_assistant.decision import Correction
from desktop_assistant.ui.conversation_view import ConversationView

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from desktop_assistant.analysis import Analysis
    from desktop_assistant.conversation import Conversation, Message
    from desktop_assistant.decision import CorrectionTarget
    from desktop_assistant.store.database import Store
    from desktop_assistant.suggestion import KnowledgeHit, Suggestion, Suggestions
    from desktop_assistant.training_example import FaqEntry
    from desktop_assistant.ui.conversation_view import ConversationStatus

FILLING_ENTITIES = ("order_number", "email", "address")
"""What the customer has told, and canned replies have variables for."""


@dataclass(slots=True)
class Chat:
    """The desk's own record; views get the frozen ``view()``.

    ``cards`` answer the message ``cards_for``, and ``has_taken_card`` is whether the agent has
    chosen one of them. ``awaited_for`` is the message that is to be answered next, or "", and
    ``is_pending`` whether better cards for it may still come. ``arrived_s`` is when it came, on
    the monotonic clock. ``outgoing`` is on its way into the store, to stand at ``outgoing_place``
    among the messages.
    """

    conversation: Conversation
    analyses: dict[str, Analysis] = field(default_factory=dict)
    corrections: list[Correction] = field(default_factory=list)
    draft: str = ""
    unread: int = 0
    status: ConversationStatus = "open"
    cards: Suggestions | None = None
    cards_for: str = ""
    awaited_for: str = ""
    is_pending: bool = False
    has_taken_card: bool = False
    dismissed: set[str] = field(default_factory=set)
    knowledge: list[KnowledgeHit] = field(default_factory=list)
    arrived_s: float = 0.0
    outgoing: Message | None = None
    outgoing_place: int = 0

    def view(self) -> ConversationView:
        analysed = [
            self.analyses[message.message_id]
            for message in self.conversation.messages
            if message.message_id in self.analyses
        ]
        return ConversationView(
            conversation=self.conversation,
            unread=self.unread,
            waiting_since=self.waiting_since,
            analysis=analysed[-1] if analysed else None,
            moods=tuple(analysis.mood for analysis in analysed),
            sentiment=self._sentiment(),
            draft=self.draft,
            status=self.status,
        )

    @property
    def conversation_id(self) -> str:
        return self.conversation.conversation_id

    @property
    def newest_at(self) -> datetime:
        messages = self.conversation.messages
        return messages[-1].sent_at if messages else self.conversation.started_at

    @property
    def unanswered(self) -> tuple[Message, ...]:
        """What the customer has said since the agent's last message."""
        messages = self.conversation.messages
        answered = [at for at, message in enumerate(messages, start=1) if message.role == "agent"]
        return messages[answered[-1] if answered else 0 :]

    @property
    def waiting_since(self) -> datetime | None:
        unanswered = self.unanswered
        return unanswered[0].sent_at if unanswered else None

    def values(self, agent_name: str) -> dict[str, str]:
        """What fills the variables of canned replies; the newest the customer told counts."""
        names = self.conversation.customer_name.split()
        filled = {"customer_name": names[0] if names else "", "agent_name": agent_name}
        for message in self.conversation.messages:
            analysis = self.analyses.get(message.message_id)
            for entity in analysis.entities if analysis else ():
                if entity.type in FILLING_ENTITIES:
                    filled[entity.type] = entity.text
        return {name: value for name, value in filled.items() if value}

    def begin_sending(self, message: Message) -> None:
        self.outgoing = message
        self.outgoing_place = len(self.conversation.messages)

    def end_sending(self, message: Message) -> bool:
        """Put the stored message in its place; whether it answers all the customer has said."""
        self.outgoing = None
        messages, place = self.conversation.messages, self.outgoing_place
        newer = messages[place:]
        self.conversation = replace(
            self.conversation, messages=(*messages[:place], message, *newer)
        )
        return not newer

    def asked_before(self, message: Message) -> Message | None:
        """What the customer had said last before ``message``."""
        earlier = self.conversation.messages[: self.conversation.messages.index(message)]
        return next((m for m in reversed(earlier) if m.role == "customer"), None)

    def correction(
        self, message_id: str, target: CorrectionTarget, label: str, by: str
    ) -> Correction | None:
        """A person's word against the model's, or None where the model has said nothing."""
        analysis = self.analyses.get(message_id)
        if analysis is None:
            return None
        predicted = analysis.intent if target == "intent" else analysis.sentiment
        return Correction(message_id, target, predicted, label, by, analysis.model)

    def expect_cards(self, message_id: str, arrived_s: float) -> None:
        """A new message is to be answered. Older cards stay until there are others."""
        self.awaited_for = message_id
        self.is_pending = True
        self.arrived_s = arrived_s

    def take_up_cards(self, message_id: str, fresh: Suggestions, limit: int, *, jump: bool) -> bool:
        """Put fresh cards in place, and say whether they were wanted.

        Args:
            message_id: what they answer; only the awaited message counts.
            fresh: the engine's answer.
            limit: how many cards there may be.
            jump: whether cards may change places, because nobody is looking at them.
        """
        if message_id != self.awaited_for:
            return False
        if self.cards is None or self.cards_for != message_id:
            self.has_taken_card = False
            self.dismissed = set()
            self.cards_for = message_id
            self.cards = replace(fresh, suggestions=fresh.suggestions[:limit])
            return True
        if self.has_taken_card:
            return False
        wanted = [card for card in fresh.suggestions if card.text not in self.dismissed]
        on_show = () if jump else self.cards.suggestions
        self.cards = replace(fresh, suggestions=merge_cards(on_show, wanted, limit))
        return True

    def dismiss_card(self, index: int) -> Suggestion | None:
        """Take a card away; None if there is none at ``index``."""
        card = self.card(index)
        if card is not None and self.cards is not None:
            self.dismissed.add(card.text)
            left = tuple(other for other in self.cards.suggestions if other is not card)
            self.cards = replace(self.cards, suggestions=left)
        return card

    def card(self, index: int) -> Suggestion | None:
        cards = self.cards.suggestions if self.cards else ()
        return cards[index] if 0 <= index < len(cards) else None

    def clear_cards(self) -> None:
        """The message is answered."""
        self.cards = None
        self.cards_for = ""
        self.awaited_for = ""
        self.is_pending = False
        self.has_taken_card = False
        self.knowledge = []

    def _sentiment(self) -> str:
        newest = next(
            (m for m in reversed(self.conversation.messages) if m.message_id in self.analyses), None
        )
        if newest is None:
            return ""
        corrected = [
            correction.corrected
            for correction in self.corrections
            if correction.message_id == newest.message_id and correction.target == "sentiment"
        ]
        return corrected[-1] if corrected else self.analyses[newest.message_id].sentiment


def merge_cards(
    on_show: Sequence[Suggestion], fresh: Sequence[Suggestion], limit: int
) -> tuple[Suggestion, ...]:
    """Take up better cards without making those on show jump.

    What is on show keeps its place. A fresh reply goes behind it, or, when there is no more room,
    takes the place of the weakest one that is weaker than itself and not among the fresh.
    """
    merged = list(on_show)[:limit]
    fresh_texts = {suggestion.text for suggestion in fresh}
    for candidate in sorted(fresh, key=lambda suggestion: -suggestion.score):
        if any(candidate.text == card.text for card in merged):
            continue
        if len(merged) < limit:
            merged.append(candidate)
            continue
        weaker = [
            card for card in merged if card.score < candidate.score and card.text not in fresh_texts
        ]
        if weaker:
            merged[merged.index(min(weaker, key=lambda card: card.score))] = candidate
    return tuple(merged)


def read_chats(store: Store) -> list[Chat]:
    """The open conversations as they were left. Called on the store's thread.

    Raises: StoreError.
    """
    drafts = store.drafts()
    chats = [
        Chat(
            conversation,
            analyses=store.analyses(conversation.conversation_id),
            corrections=store.corrections(conversation.conversation_id),
            draft=drafts.get(conversation.conversation_id, ""),
        )
        for conversation in store.conversations(status="open")
    ]
    for chat in chats:
        chat.unread = len(chat.unanswered)
    return chats


@dataclass(frozen=True, slots=True)
class Experience:
    """What the engine learns at the start: (asked, replied) pairs come with the newest last.

    ``notice`` says what the store had to do to a damaged file, or is "".
    """

    knowledge: list[FaqEntry]
    replies: list[tuple[str, str]]
    notice: str


def read_experience(store: Store, limit: int) -> Experience:
    """At most ``limit`` replies. Called on the store's thread. Raises: StoreError."""
    return Experience(store.knowledge(), store.sent_replies(limit)[::-1], store.notice)
