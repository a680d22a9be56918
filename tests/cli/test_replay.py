from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from desktop_assistant.cli.main import main
from tests.cli.desk import AGENT_SAYS, ScriptedEngine

if TYPE_CHECKING:
    from pathlib import Path

    Captured = pytest.CaptureFixture[str]


@pytest.fixture
def chats(tmp_path: Path) -> Path:
    path = tmp_path / "chats.jsonl"
    dialogue = {
        "id": "one",
        "customer_name": "Ada",
        "turns": [
            {"role": "customer", "text": "My order?", "intent": "order_status"},
            {"role": "agent", "text": "On its way."},
            {"role": "customer", "text": "Money \x1b[31mback!", "intent": "order_status"},
        ],
    }
    path.write_text(json.dumps(dialogue) + "\n")
    return path


def test_each_customer_turn_is_one_object_and_the_summary_the_last(
    engine: ScriptedEngine, chats: Path, capfd: Captured
) -> None:
    status = main(["replay", str(chats), "--json"])

    first, second, summary = map(json.loads, capfd.readouterr().out.splitlines())
    assert status == 0
    assert (first["dialogue"], first["turn"], first["intent"]) == ("one", 0, "order_status")
    assert first["suggestions"][0]["text"] == f"Ada, {AGENT_SAYS}"
    assert second["reason"] == "nothing_fits"
    latency = first["latency_ms"]
    assert latency["analysis"] <= latency["first_suggestion"] <= latency["all_suggestions"]
    assert summary["summary"] is True
    assert (summary["dialogues"], summary["customer_turns"]) == (1, 2)
    assert summary["with_suggestions"] == 0.5
    assert summary["intent_agreement"] == 0.5
    assert summary["sentiment_agreement"] is None
    assert summary["latency_ms"]["analysis"]["count"] == 2


def test_the_engine_sees_what_was_really_said_before(
    engine: ScriptedEngine, chats: Path, capfd: Captured
) -> None:
    main(["replay", str(chats), "--json"])

    asked = [call[1] for call in engine.calls if call[0] == "suggest_retrieved"]
    assert [turn.text for turn in asked[1]][:2] == ["My order?", "On its way."]  # type: ignore[attr-defined]


def test_a_person_reads_the_chat_with_what_was_made_of_it(
    engine: ScriptedEngine, chats: Path, capfd: Captured
) -> None:
    main(["replay", str(chats)])

    told = capfd.readouterr().out
    for part in (
        "customer  My order?",
        "order_status 90%",
        f"1. Ada, {AGENT_SAYS}",
        "agent  On its way.",
        "negative 80%",
        "no suggestion: nothing_fits",
        "intent as labelled: 50.0%",
    ):
        assert part in told
    assert "\x1b" not in told


def test_colours_are_ours_and_never_the_customers(
    engine: ScriptedEngine, chats: Path, capfd: Captured
) -> None:
    main(["replay", str(chats), "--color=always"])

    told = capfd.readouterr().out
    assert "\x1b[36;1mcustomer\x1b[0m" in told
    assert "Money [31mback!" in told


def test_a_demonstration_chat_is_replayed_in_either_language(
    engine: ScriptedEngine, capfd: Captured
) -> None:
    main(["replay", "--demo", "--json"])
    main(["replay", "--demo", "--lang=zh", "--json"])
    main(["replay", "--demo=包裹", "--json"])

    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    names = [line["dialogue"] for line in lines if "dialogue" in line]
    assert names == ["late-parcel", "late-parcel", "包裹", "包裹"]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([], "either dialogue FILEs or --demo"),
        (["nowhere.jsonl"], "nowhere.jsonl cannot be read"),
        (["--demo=polka"], "there are: late-parcel, 包裹"),
    ],
)
def test_what_cannot_be_replayed_is_told(
    engine: ScriptedEngine, argv: list[str], said: str, capfd: Captured
) -> None:
    assert main(["replay", *argv]) == 2
    assert said in capfd.readouterr().err


def test_pace_waits_before_each_turn(engine: ScriptedEngine, capfd: Captured) -> None:
    main(["replay", "--demo", "--json", "--pace=0.001"])

    assert json.loads(capfd.readouterr().out.splitlines()[-1])["customer_turns"] == 2
