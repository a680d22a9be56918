"""Suggested replies as values: how they are filled, compared and ranked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SuggestionKind = Literal["generated", "knowledge", "canned", "history"]

MAX_SUGGESTIONS = 3
SIMILAR_RATIO = 0.8
"""Two replies with this much text in common are one reply to an agent who has to choose."""

_VARIABLE = re.compile(r"\{([a-z_]+)\}")
_FACT = re.compile(r"[\w.+-]+@[\w-]+\.\w+|\d[\d.,:/-]*\d|\d")


class NoSuggestion(StrEnum):
    """Why nothing was suggested."""

    NOTHING_TO_ANSWER = "nothing_to_answer"
    NO_MODEL = "no_model"
    NOTHING_FITS = "nothing_fits"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A reply that an agent could send.

    ``score`` is 0 to 1; ``source`` names where it came from: the canned reply's or article's id,
    or the model's name and version; ``language`` is what it is written in.
    """

    text: str
    kind: SuggestionKind
    score: float
    source: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Suggestions:
    """At most three replies, best first; ``reason`` says why there are none."""

    suggestions: tuple[Suggestion, ...]
    reason: NoSuggestion | None
    latency_ms: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class KnowledgeHit:
    """A knowledge entry found for a query; ``score`` is the cosine similarity, -1 to 1."""

    question: str
    answer: str
    score: float
    source: str


def fill_variables(text: str, values: Mapping[str, str]) -> str:
    """Replace the variables that are known; the others stay in braces for the agent to fill."""
    return _VARIABLE.sub(lambda match: values.get(match[1], match[0]), text)


def open_variables(text: str) -> tuple[str, ...]:
    """Names of the variables in ``text`` that nobody has filled yet, in order."""
    return tuple(_VARIABLE.findall(text))


def unsupported_facts(text: str, known: Iterable[str]) -> tuple[str, ...]:
    """Numbers, amounts, dates and addresses in ``text`` that stand in none of the ``known`` texts.

    A small decoder invents them fluently; what nobody said must not be sent as a fact.
    """
    said = {fact for other in known for fact in _FACT.findall(other)}
    return tuple(fact for fact in _FACT.findall(text) if fact not in said)


def with_one_written(
    retrieved: Iterable[Suggestion], written: Iterable[Suggestion], limit: int
) -> list[Suggestion]:
    """The best of both; where there is room for more than one, one place is for a written reply.

    Their scores cannot be compared: one says how well a known reply fits, the other how sure the
    decoder was of its words.
    """
    fresh = rank(written, 1)
    if not fresh or limit < 2:
        return rank([*retrieved, *fresh], limit)
    return rank([*rank(retrieved, limit - 1), *fresh], limit)


def rank(candidates: Iterable[Suggestion], limit: int = MAX_SUGGESTIONS) -> list[Suggestion]:
    """Order by score, leave out near-duplicates, and keep at most ``limit``."""
    chosen: list[Suggestion] = []
    if limit <= 0:
        return chosen
    for candidate in sorted(candidates, key=lambda suggestion: -suggestion.score):
        text = candidate.text.strip()
        if not text or any(is_similar(text, other.text) for other in chosen):
            continue
        chosen.append(replace(candidate, text=text))
        if len(chosen) == limit:
            break
    return chosen


def is_similar(one: str, other: str) -> bool:
    """Whether two replies say nearly the same, letter case aside."""
    matcher = SequenceMatcher(None, one.casefold(), other.casefold(), autojunk=False)
    return (
        matcher.real_quick_ratio() >= SIMILAR_RATIO
        and matcher.quick_ratio() >= SIMILAR_RATIO
        and matcher.ratio() >= SIMILAR_RATIO
    )
