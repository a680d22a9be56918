"""A conversation as the views show it: one value, made anew whenever something changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

    from desktop_assistant.analysis import Analysis
    from desktop_assistant.conversation import Conversation

ConversationStatus = Literal["open", "resolved"]


@dataclass(frozen=True, slots=True)
class ConversationView:
    """What there is to show of one conversation.

    ``unread`` counts customer messages since the agent last looked. ``waiting_since`` is when the
    customer wrote the first message that nobody has answered, or None. ``analysis`` is of the
    newest customer message that was analysed; ``moods`` are those of all analysed ones, oldest
    first, each -1 to 1. ``sentiment`` is the newest one's, a person's correction before the
    model's word, and "" before the first. ``draft`` is what stands in the composer.
    """

    conversation: Conversation
    unread: int = 0
    waiting_since: datetime | None = None
    analysis: Analysis | None = None
    moods: tuple[float, ...] = ()
    sentiment: str = ""
    draft: str = ""
    status: ConversationStatus = "open"

    @property
    def conversation_id(self) -> str:
        return self.conversation.conversation_id

    @property
    def mood(self) -> float | None:
        """The newest mood, -1 to 1, or None before the first."""
        return self.moods[-1] if self.moods else None
