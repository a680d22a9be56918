from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from desktop_assistant.conversation import Turn
from desktop_assistant.errors import RecordError
from desktop_assistant.inference.evaluation import Options, Task, evaluate
from desktop_assistant.inference.typing_simulation import type_text
from tests.cli.desk import AGENT_SAYS, ScriptedEngine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

ASKED = (Turn("customer", "Where is my order?"),)


def rows_in(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def chat_in(path: Path, *answers: str) -> Path:
    turns = [
        turn
        for answer in answers
        for turn in (
            {"role": "customer", "text": "my order?"},
            {"role": "agent", "text": answer},
        )
    ]
    return rows_in(path, {"id": "d", "turns": turns})


def test_intents_are_judged_by_language_and_coverage(tmp_path: Path) -> None:
    path = rows_in(
        tmp_path / "i.jsonl",
        {"text": "my order", "label": "order_status"},
        {"text": "give back", "label": "unknown_here", "labels": ["unknown_here", "refund"]},
        {"text": "退钱", "label": "refund"},
        {"text": "weather", "label": "oos"},
    )

    report = evaluate(
        "intent",
        [path],
        ScriptedEngine(),
        Options(labels=frozenset({"order_status", "refund", "out_of_scope"})),
    )

    metrics = report["metrics"]
    assert metrics["accuracy"]["value"] == 0.5
    assert metrics["accuracy_any_label"]["value"] == 0.75
    assert metrics["out_of_scope_recall"]["value"] == 0.0
    assert metrics["in_scope_accuracy"]["value"] == pytest.approx(2 / 3, abs=1e-3)
    assert metrics["expected_calibration_error"] == pytest.approx(0.4)
    assert report["languages"]["zh"]["accuracy"]["value"] == 1.0
    assert report["coverage"]["rows"] == 0.75
    assert report["coverage"]["unknown_labels"] == ["unknown_here"]
    assert json.loads(json.dumps(report)) == report


def test_sentiments_are_judged(tmp_path: Path) -> None:
    path = rows_in(
        tmp_path / "s.jsonl",
        {"text": "no!", "label": "negative"},
        {"text": "well", "label": "neutral"},
        {"text": "fine", "label": "positive"},
    )

    report = evaluate("sentiment", [path], ScriptedEngine())

    assert report["metrics"]["accuracy"]["value"] == pytest.approx(2 / 3, abs=1e-3)
    assert report["metrics"]["macro_f1"]["value"] == pytest.approx((1 + 2 / 3 + 0) / 3, abs=1e-3)


def test_replies_are_compared_with_what_the_agent_said(tmp_path: Path) -> None:
    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([[1.0, 0.0]] * len(texts), dtype=np.float32)

    path = chat_in(tmp_path / "d.jsonl", AGENT_SAYS, "   ")

    report = evaluate("reply", [path], ScriptedEngine(), Options(embed=embed))

    assert report["rows"] == 1
    assert report["metrics"]["with_suggestions"]["value"] == 1.0
    assert report["metrics"]["similarity_characters_best"]["value"] == 1.0
    assert report["metrics"]["similarity_meaning_first"]["value"] == 1.0


def test_completions_save_keystrokes(tmp_path: Path) -> None:
    path = chat_in(tmp_path / "d.jsonl", AGENT_SAYS)

    report = evaluate("completion", [path], ScriptedEngine())

    saved = report["metrics"]["keystrokes_saved"]["value"]
    assert saved == pytest.approx(1 - 2 / len(AGENT_SAYS), abs=1e-3)
    assert report["metrics"]["wrong_shows"]["value"] == 0.0


def test_a_limit_draws_the_same_rows_again(tmp_path: Path) -> None:
    path = rows_in(
        tmp_path / "i.jsonl", *({"text": f"order {n}", "label": "refund"} for n in range(30))
    )
    first, second = ScriptedEngine(), ScriptedEngine()

    evaluate("intent", [path], first, Options(limit=5))
    evaluate("intent", [path], second, Options(limit=5))

    assert len(first.calls) == 5
    assert first.calls == second.calls


def test_files_without_anything_to_measure_are_refused(tmp_path: Path) -> None:
    path = rows_in(tmp_path / "d.jsonl", {"turns": [{"role": "customer", "text": "hello?"}]})

    tasks: tuple[Task, ...] = ("reply", "completion")
    for task in tasks:
        with pytest.raises(RecordError, match="nothing that can be measured"):
            evaluate(task, [path], ScriptedEngine())


def test_a_right_completion_costs_one_key() -> None:
    typed = type_text(ScriptedEngine(), "c", ASKED, AGENT_SAYS, "whole")

    assert (typed.characters, typed.keys) == (len(AGENT_SAYS), 2)
    assert (typed.right_shows, typed.wrong_shows) == (1, 0)


def test_a_wrong_completion_is_counted_for_every_key_it_is_shown_at() -> None:
    typed = type_text(ScriptedEngine(), "c", ASKED, "Your parcel", "whole")

    # Shown after each character of "Your " and never right.
    assert (typed.keys, typed.right_shows, typed.wrong_shows) == (11, 0, 5)


def test_word_by_word_takes_what_is_right_at_the_beginning() -> None:
    typed = type_text(ScriptedEngine(), "c", ASKED, "Your order is late", "words")

    # "Y", then "our ", "order ", "is ", then "late" by hand, at whose start "on" is wrong.
    assert (typed.keys, typed.right_shows, typed.wrong_shows) == (8, 3, 1)
