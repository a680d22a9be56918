from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_assistant.analysis import LabelScore
from desktop_assistant.inference.strategy import StrategyTable
from tests.tiny_models import small_pack

ORDER = (LabelScore("order_status", 0.9), LabelScore("greeting", 0.1))


def moods(mood: str) -> dict[str, float]:
    return dict.fromkeys(("negative", "neutral", "positive"), 0.05) | {mood: 0.9}


def test_strategies_are_probabilities_best_first() -> None:
    table = StrategyTable(small_pack())

    ranked = table.rank(ORDER, moods("neutral"))

    scores = [scored.score for scored in ranked]
    assert {scored.label for scored in ranked} == {"inform", "apologise", "ask"}
    assert sum(scores) == pytest.approx(1.0)
    assert scores == sorted(scores, reverse=True)


def test_an_angry_customer_is_more_likely_to_get_an_apology() -> None:
    table = StrategyTable(small_pack())

    def apology(mood: str) -> float:
        return next(s.score for s in table.rank(ORDER, moods(mood)) if s.label == "apologise")

    assert apology("negative") > apology("neutral")


def test_an_intent_that_nobody_answered_yet_is_no_error() -> None:
    ranked = StrategyTable(small_pack()).rank((LabelScore("new", 1.0),), moods("neutral"))

    assert len(ranked) == 3


def test_without_intent_or_mood_there_is_no_strategy() -> None:
    table = StrategyTable(small_pack())

    assert table.rank((), moods("neutral")) == ()
    assert table.rank(ORDER, {}) == ()
    assert table.rank((LabelScore("order_status", 0.0),), moods("neutral")) == ()


def test_a_pack_without_strategies_has_none() -> None:
    table = StrategyTable(replace(small_pack(), strategies={}))

    assert table.rank(ORDER, moods("neutral")) == ()
