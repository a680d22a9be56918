from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from desktop_assistant.analysis import LabelScore
from desktop_assistant.conversation import Turn
from desktop_assistant.inference.reply_search import TOPIC_WEIGHT, filling_values, replies_for
from desktop_assistant.inference.understanding import Reading
from desktop_assistant.suggestion import Suggestion

if TYPE_CHECKING:
    from collections.abc import Sequence

SMALL_TALK = frozenset({"provide_information"})


def read(text: str) -> Reading:
    label = "provide_information" if text.startswith("NW-") else "track_order"
    return Reading(np.zeros(4, np.float32), (LabelScore(label, 0.9),), {"neutral": 1.0})


class Shelf:
    """Answers with replies that name the intent they were asked for."""

    def replies(self, _query: Any, intents: Sequence[LabelScore], *_: Any) -> list[Suggestion]:
        label = intents[0].label
        return [
            Suggestion(f"{label}: a canned reply", "canned", 0.8, "en/x"),
            Suggestion(f"an article about {label}", "knowledge", 0.9, "en/y"),
        ]


def search(*turns: Turn) -> list[Suggestion]:
    shelf: Any = Shelf()
    return replies_for(turns, shelf, read, lambda _: (), SMALL_TALK, {})


def test_a_message_that_says_what_it_wants_is_answered_itself() -> None:
    found = search(Turn("customer", "where is it?"))

    assert [s.text for s in found] == [
        "an article about track_order",
        "track_order: a canned reply",
    ]


def test_behind_small_talk_the_topic_is_answered_too() -> None:
    found = search(
        Turn("customer", "where is it?"), Turn("agent", "The number?"), Turn("customer", "NW-1")
    )

    scores = {s.text: s.score for s in found}
    assert scores["track_order: a canned reply"] == 0.8 * TOPIC_WEIGHT
    assert "provide_information: a canned reply" in scores


def test_small_talk_alone_finds_no_articles() -> None:
    found = search(Turn("customer", "NW-1"))

    assert [s.kind for s in found] == ["canned"]


def test_what_the_agent_said_already_is_not_offered_again() -> None:
    found = search(
        Turn("customer", "hm"),
        Turn("agent", "track_order: a canned reply!"),
        Turn("customer", "where is it?"),
    )

    assert [s.kind for s in found] == ["knowledge"]


def test_what_the_customer_told_fills_variables_and_the_agents_word_counts_more() -> None:
    turns = (Turn("customer", "my order NW-482913, write to a.b@mail.example"),)

    values = filling_values(turns, {"shop_name": "Willow", "email": "x"}, {"order_number": "NW-1"})

    assert values == {
        "shop_name": "Willow",
        "email": "a.b@mail.example",
        "order_number": "NW-1",
    }
