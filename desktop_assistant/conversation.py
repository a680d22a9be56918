"""What was said, by whom and when: the values every other stage works on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal, get_args

Role = Literal["customer", "agent"]
ROLES: tuple[Role, ...] = get_args(Role)

Language = Literal["en", "zh"]

MAX_MESSAGE_CHARS = 8_000
"""Longer messages are kept whole in the store, but only this much reaches the models."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance, without identity: what models read and transcripts hold."""

    role: Role
    text: str
    intent: str | None = None
    sentiment: str | None = None
    strategy: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One utterance as it came in or went out.

    ``message_id`` is unique over all conversations; ``sent_at`` is in UTC.
    """

    message_id: str
    conversation_id: str
    role: Role
    text: str
    sent_at: datetime

    @property
    def turn(self) -> Turn:
        return Turn(self.role, self.text)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A chat with one customer, oldest message first."""

    conversation_id: str
    customer_name: str
    lang: Language
    started_at: datetime
    channel: str = "web chat"
    messages: tuple[Message, ...] = ()

    def with_message(self, message: Message) -> Conversation:
        return replace(self, messages=(*self.messages, message))

    @property
    def turns(self) -> tuple[Turn, ...]:
        return tuple(message.turn for message in self.messages)

    @property
    def last_customer_message(self) -> Message | None:
        """The newest message the customer wrote, or None before the first."""
        return next((m for m in reversed(self.messages) if m.role == "customer"), None)

    @property
    def is_waiting(self) -> bool:
        """Whether the customer spoke last."""
        return bool(self.messages) and self.messages[-1].role == "customer"


def utc_now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


def language_of(text: str) -> Language:
    """Tell Chinese from English by the share of Han characters among the letters.

    Mixed messages count as Chinese from a quarter of Han characters on: one Han character
    carries about as much as four Latin letters.
    """
    han = sum(1 for char in text if _is_han(char))
    latin = sum(1 for char in text if char.isascii() and char.isalpha())
    return "zh" if han and han * 4 >= latin else "en"


def visible_text(text: str) -> str:
    """Drop control characters and bidirectional overrides, and bound the length, for the models.

    What the customer sent stays as it was in the store; models and labels on screen get this.
    """
    kept = (char for char in text[:MAX_MESSAGE_CHARS] if _is_visible(char))
    return "".join(kept).strip()


def _is_han(char: str) -> bool:
    return "\u4e00" <= char <= "\u9fff" or "\u3400" <= char <= "\u4dbf"


def _is_visible(char: str) -> bool:
    if char in "\n\t":
        return True
    code = ord(char)
    is_control = code < 32 or 0x7F <= code < 0xA0
    is_direction = 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069
    is_surrogate = 0xD800 <= code <= 0xDFFF
    return not (is_control or is_direction or is_surrogate)
