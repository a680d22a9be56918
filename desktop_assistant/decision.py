"""What became of a suggestion that was shown: the product's memory.

A decision is made once, when the agent sends, dismisses or moves on. ``classify`` is the only
place that says which one it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

CorrectionTarget = Literal["intent", "sentiment"]
Surface = Literal["suggestion", "completion"]


class Outcome(StrEnum):
    """What an agent did with a suggestion or completion that was shown."""

    ACCEPTED = "accepted"
    ACCEPTED_IN_PART = "accepted_in_part"
    EDITED = "edited"
    TYPED_OVER = "typed_over"
    DISMISSED = "dismissed"
    IGNORED = "ignored"
    TOO_LATE = "too_late"


@dataclass(frozen=True, slots=True)
class Shown:
    """A suggestion or completion at the moment it appeared before the agent.

    ``shown_id`` is unique (a UUID); ``message_id`` names the customer's message it answers;
    ``kind`` is the suggestion's or completion's own kind; ``position`` counts cards from 0;
    ``model`` is ``name@version`` or "" where none was involved; ``latency_ms`` runs from the
    customer's message, or the key press, to the answer; ``draft`` is what stood in the composer.
    """

    shown_id: str
    conversation_id: str
    message_id: str | None
    surface: Surface
    kind: str
    text: str
    source: str
    model: str
    score: float
    position: int
    shown_at: datetime
    latency_ms: float
    draft: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The end of one shown suggestion.

    ``final_text`` is what was sent, or None where nothing was. ``edit_distance`` counts
    characters (Levenshtein) between the suggestion and the sent text; ``accepted_words`` says how
    much of a completion was taken. ``time_to_decision_ms`` runs from showing to deciding.
    """

    outcome: Outcome
    final_text: str | None = None
    edit_distance: int | None = None
    accepted_words: int = 0
    keystrokes: int = 0
    time_to_decision_ms: int = 0
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """A person's word against a model's: ``message_id`` names what was judged."""

    message_id: str
    target: CorrectionTarget
    predicted: str
    corrected: str
    corrected_by: str
    model: str


def classify(suggested: str, sent: str, *, inserted: bool) -> Outcome:
    """Say what sending ``sent`` made of ``suggested``.

    ``inserted`` is whether the agent took the suggestion into the composer before sending. A
    suggestion that was not taken is ignored, even if the agent typed the very same words.
    """
    if not inserted:
        return Outcome.IGNORED
    if sent.strip() == suggested.strip():
        return Outcome.ACCEPTED
    kept = 1 - edit_distance(suggested, sent) / max(len(suggested), len(sent), 1)
    return Outcome.EDITED if kept >= KEPT_SHARE_OF_AN_EDIT else Outcome.TYPED_OVER


KEPT_SHARE_OF_AN_EDIT = 0.3
"""Below this similarity an inserted suggestion was replaced rather than edited."""


def edit_distance(one: str, other: str, limit: int = 4_000) -> int:
    """Levenshtein distance in characters, on at most ``limit`` characters of each text.

    Source: Wagner and Fischer 1974, in two rows of memory.
    """
    one, other = one[:limit], other[:limit]
    if len(one) < len(other):
        one, other = other, one
    previous = list(range(len(other) + 1))
    for row, left in enumerate(one, start=1):
        current = [row]
        for column, right in enumerate(other, start=1):
            current.append(
                min(
                    previous[column] + 1,
                    current[column - 1] + 1,
                    previous[column - 1] + (left != right),
                )
            )
        previous = current
    return previous[-1]
