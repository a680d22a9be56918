"""Which known replies fit a conversation, and not only its last words.

"NW-491350" or "yes please" says nothing about what is wanted: then the newest message that does is
searched for, too. What the agent has said already in this conversation is not offered again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from desktop_assistant.conversation import MAX_MESSAGE_CHARS, language_of
from desktop_assistant.redaction import find_personal_data
from desktop_assistant.suggestion import is_similar, rank

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from desktop_assistant.analysis import LabelScore
    from desktop_assistant.conversation import Turn
    from desktop_assistant.inference.retrieval import Retrieval
    from desktop_assistant.inference.understanding import Reading
    from desktop_assistant.suggestion import Suggestion

    Read = Callable[[str], "Reading | None"]
    Strategies = Callable[[Reading], tuple[LabelScore, ...]]

TURNS_BACK = 10
"""How far the topic is looked for; each turn not read yet costs one forward pass."""

TOPIC_WEIGHT = 0.85
"""A reply to the topic is worth a little less than an equally good one to the last words."""

CONSIDERED = 8
FILLING_TYPES = frozenset({"order_number", "email"})
"""Kinds of data that a reply may repeat to the customer who gave them."""


def replies_for(
    turns: Sequence[Turn],
    retrieval: Retrieval,
    read: Read,
    strategies: Strategies,
    small_talk: frozenset[str],
    values: Mapping[str, str],
) -> list[Suggestion]:
    """The known replies that fit best, best first; the last turn is the customer's.

    Args:
        turns: the conversation so far.
        retrieval: what is searched.
        read: understands a text, or returns None where no model is.
        strategies: what to do next, given a reading.
        small_talk: intents that say nothing of what the customer wants.
        values: fills the variables of canned replies.
    """
    newest = read(turns[-1].text)
    if newest is None:
        return []
    lang = language_of(turns[-1].text)

    def found_for(reading: Reading) -> list[Suggestion]:
        return retrieval.replies(
            reading.embedding, reading.intents, strategies(reading), lang, values
        )

    found = found_for(newest)
    if _is_small_talk(newest, small_talk):
        found = [suggestion for suggestion in found if suggestion.kind == "canned"]
        topic = _topic(turns[:-1], read, small_talk)
        if topic is not None:
            found += [replace(s, score=s.score * TOPIC_WEIGHT) for s in found_for(topic)]
    said = [turn.text for turn in turns if turn.role == "agent"]
    best = rank(found, CONSIDERED)
    return [s for s in best if not any(is_similar(s.text, text) for text in said)]


def filling_values(
    turns: Sequence[Turn], usual: Mapping[str, str], given: Mapping[str, str]
) -> dict[str, str]:
    """What fills variables: ``usual`` everywhere, then what the customer told, then ``given``."""
    told = {
        span.type: turn.text[span.start : span.end]
        for turn in turns[-TURNS_BACK:]
        if turn.role == "customer"
        for span in find_personal_data(turn.text[:MAX_MESSAGE_CHARS])
        if span.type in FILLING_TYPES
    }
    return {**usual, **told, **given}


def _topic(turns: Sequence[Turn], read: Read, small_talk: frozenset[str]) -> Reading | None:
    for turn in reversed(turns[-TURNS_BACK:]):
        if turn.role == "customer":
            reading = read(turn.text)
            if reading is not None and not _is_small_talk(reading, small_talk):
                return reading
    return None


def _is_small_talk(reading: Reading, small_talk: frozenset[str]) -> bool:
    return bool(reading.intents) and reading.intents[0].label in small_talk
