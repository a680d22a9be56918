"""Inline completion as pure logic: what may be shown in grey, and why nothing is.

A completion is always a continuation: the text that is shown follows the draft as it stands, so
``draft + text`` begins with ``draft`` by construction. Showing late or stale text is worse than
showing none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

MAX_COMPLETION_CHARS = 160

_FIRST_WORD = re.compile(
    r"\s*(?:[\u3400-\u9fff\uf900-\ufaff]{1,2}|[^\s\u3400-\u9fff\uf900-\ufaff]+)\s?"
)


class CompletionKind(StrEnum):
    """Which step of the cascade a completion came from."""

    NONE = "none"
    TYPE_THROUGH = "type_through"
    PHRASE = "phrase"
    GENERATED = "generated"


class NoCompletion(StrEnum):
    """Why nothing is shown."""

    EMPTY_DRAFT = "empty_draft"
    NO_MODEL = "no_model"
    UNSURE = "unsure"
    LANGUAGE = "language"
    CANCELLED = "cancelled"
    TOO_LATE = "too_late"
    CARET_NOT_AT_END = "caret_not_at_end"


@dataclass(frozen=True, slots=True)
class Completion:
    """What would be shown in grey after the caret; ``text`` is empty where ``reason`` says why."""

    text: str
    kind: CompletionKind
    reason: NoCompletion | None = None
    source: str = ""
    score: float = 0.0
    latency_ms: float = field(default=0.0, compare=False)

    @classmethod
    def none(cls, reason: NoCompletion, latency_ms: float = 0.0) -> Completion:
        return cls("", CompletionKind.NONE, reason, latency_ms=latency_ms)


def type_through(shown_draft: str, shown_text: str, draft: str) -> str:
    """What is left of a shown completion after the agent typed on, or "" if it no longer fits."""
    whole = shown_draft + shown_text
    if len(draft) >= len(shown_draft) and whole.startswith(draft):
        return whole[len(draft) :]
    return ""


def first_word(text: str) -> str:
    """The part of a completion that one press of Ctrl+Right takes.

    Leading blanks, one word and the blank after it; in Chinese one or two characters.
    """
    match = _FIRST_WORD.match(text)
    return match[0] if match else text


def accepted_words(text: str) -> int:
    """How many words were taken: blanks part words, and each Han character counts as one."""
    return len(re.findall(r"[\u3400-\u9fff\uf900-\ufaff]|[^\s\u3400-\u9fff\uf900-\ufaff]+", text))


def bounded(text: str) -> str:
    """Cut a completion at the first line break, and to a length that can be read at a glance."""
    line = text.split("\n", 1)[0]
    if len(line) <= MAX_COMPLETION_CHARS:
        return line
    return line[:MAX_COMPLETION_CHARS].rsplit(" ", 1)[0]
