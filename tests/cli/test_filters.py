from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from desktop_assistant.conversation import Turn
from tests.cli.desk import AGENT_SAYS, ScriptedEngine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Filter

IMPORT = "from desktop_assistant.cli.main import main"
ASKED = [{"role": "customer", "text": "Where is my order?"}]


def test_analyse_answers_with_every_key_of_the_contract(
    engine: ScriptedEngine, run_filter: Filter
) -> None:
    status, [reply] = run_filter("analyse", {"id": 7, "text": "My order!", "other": 1})

    assert status == 0
    latency = reply.pop("latency_ms")
    assert 0 <= latency < 1000
    assert reply == {
        "id": 7,
        "lang": "en",
        "intent": "order_status",
        "intents": [
            {"label": "order_status", "score": 0.9},
            {"label": "refund", "score": 0.1},
        ],
        "sentiment": "negative",
        "sentiments": {"negative": 0.8, "neutral": 0.1, "positive": 0.1},
        "entities": [{"start": 0, "end": 1, "type": "product", "text": "M"}],
        "strategies": [{"label": "inform", "score": 0.7}],
        "evidence": ["the word order"],
        "model": "tiny@1.0.0",
    }


def test_analyse_hands_on_what_was_said_before(engine: ScriptedEngine, run_filter: Filter) -> None:
    run_filter("analyse", {"text": "And now?", "turns": ASKED})

    assert engine.calls == [
        ("analyse", ("And now?", (Turn("customer", "Where is my order?"),))),
    ]


@pytest.mark.parametrize(
    "text", ["", "   ", "😀👍🏽", "مرحبا طلبي", "a\x00\x1b[31m\x07b", "订单" * 250_000]
)
def test_analyse_takes_any_text(engine: ScriptedEngine, run_filter: Filter, text: str) -> None:
    status, [reply] = run_filter("analyse", {"text": text})

    assert status == 0
    assert "error" not in reply


def test_analyse_of_an_empty_text_is_out_of_scope(
    engine: ScriptedEngine, run_filter: Filter
) -> None:
    _, [reply] = run_filter("analyse", {"text": ""})

    assert reply["intent"] == "out_of_scope"


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({}, "text is missing"),
        ({"text": 1}, "text is missing or not a string"),
        ({"text": "x", "turns": "y"}, "turns must be a list"),
        ({"text": "x", "turns": [{"role": "robot", "text": "y"}]}, "turns[0] needs a role"),
    ],
)
def test_a_wrong_field_is_named(
    engine: ScriptedEngine, run_filter: Filter, record: dict[str, Any], said: str
) -> None:
    status, [reply] = run_filter("analyse", record)

    assert status == 1
    assert reply["error"].startswith(f"line 1: {said}")


def test_a_bug_fails_one_line(engine: ScriptedEngine, run_filter: Filter) -> None:
    status, replies = run_filter("analyse", {"text": "explode"}, {"text": "order"})

    assert status == 1
    assert "ZeroDivisionError" in replies[0]["error"]
    assert replies[1]["intent"] == "order_status"


def test_suggest_answers_with_every_key_of_the_contract(
    engine: ScriptedEngine, run_filter: Filter
) -> None:
    status, [reply] = run_filter("suggest", {"turns": ASKED, "draft": "Hi"})

    assert status == 0
    assert reply.pop("latency_ms") >= 0
    assert reply == {
        "id": 1,
        "suggestions": [
            {"text": AGENT_SAYS, "kind": "canned", "score": 0.83, "source": "order-on-its-way"}
        ],
        "reason": None,
    }
    assert engine.calls[-1][1][1:] == ({"agent_name": "Kim"}, "Hi")  # type: ignore[index]


@pytest.mark.parametrize("turns", [[], [*ASKED, {"role": "agent", "text": "Hello"}]])
def test_suggest_says_when_nobody_waits_for_an_answer(
    engine: ScriptedEngine, run_filter: Filter, turns: list[dict[str, str]]
) -> None:
    status, [reply] = run_filter("suggest", {"turns": turns})

    assert status == 0
    assert (reply["suggestions"], reply["reason"]) == ([], "nothing_to_answer")


def test_suggest_says_why_there_is_nothing(engine: ScriptedEngine, run_filter: Filter) -> None:
    _, [reply] = run_filter("suggest", {"turns": [{"role": "customer", "text": "Hm"}]})

    assert (reply["suggestions"], reply["reason"]) == ([], "nothing_fits")


def test_complete_continues_the_draft(engine: ScriptedEngine, run_filter: Filter) -> None:
    status, replies = run_filter(
        "complete", *({"turns": ASKED, "draft": draft} for draft in ("Your", "Your o", "x", ""))
    )

    assert status == 0
    assert "Your" + replies[0]["completion"] == AGENT_SAYS
    assert [(reply["kind"], reply["reason"]) for reply in replies] == [
        ("phrase", None),
        ("phrase", None),
        ("none", "unsure"),
        ("none", "empty_draft"),
    ]


def test_lines_of_one_conversation_share_the_cache(
    engine: ScriptedEngine, run_filter: Filter
) -> None:
    other = [{"role": "customer", "text": "\ud800"}]
    run_filter(
        "complete",
        {"id": 1, "turns": ASKED, "draft": "Y"},
        {"id": 2, "turns": ASKED, "draft": "Yo"},
        {"id": 3, "turns": other, "draft": "Yo"},
    )

    conversations = [call[1][0] for call in engine.calls]  # type: ignore[index]
    assert conversations[0] == conversations[1] != conversations[2]


def test_complete_needs_a_draft(engine: ScriptedEngine, run_filter: Filter) -> None:
    status, [reply] = run_filter("complete", {"turns": ASKED})

    assert status == 1
    assert "draft" in reply["error"]


def test_search_answers_with_every_key_of_the_contract(
    engine: ScriptedEngine, run_filter: Filter
) -> None:
    status, [reply] = run_filter("search", {"query": "where", "k": 1})

    assert status == 0
    assert reply.pop("latency_ms") >= 0
    assert reply == {
        "id": 1,
        "hits": [
            {
                "question": "Where is it?",
                "answer": AGENT_SAYS,
                "score": 0.912346,
                "source": "en/orders",
            }
        ],
    }


@pytest.mark.parametrize("k", [0, -1, 101, 1.5, True, "3"])
def test_search_refuses_an_odd_k(engine: ScriptedEngine, run_filter: Filter, k: object) -> None:
    status, [reply] = run_filter("search", {"query": "where", "k": k})

    assert status == 1
    assert "k must be a whole number" in reply["error"]


def test_redact_counts_code_points_of_the_text_that_came_in(run_filter: Filter) -> None:
    text = "😀 写信给 ada@example.com"

    status, [reply] = run_filter("redact", {"id": "r", "text": text})

    assert status == 0
    [span] = reply["spans"]
    assert text[span["start"] : span["end"]] == "ada@example.com"
    assert "ada@example.com" not in reply["text"]
    assert set(reply) == {"id", "text", "spans"}


def test_redact_gives_back_surrogates_and_control_characters(run_filter: Filter) -> None:
    status, [reply] = run_filter("redact", rb'{"text": "a\ud800\u0000b"}')

    assert status == 0
    assert reply["text"] == "a\ud800\x00b"


@pytest.fixture
def redacting() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-c", f"{IMPORT}; raise SystemExit(main())", "redact"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        yield process
        process.kill()


def ask(process: subprocess.Popen[bytes], text: str) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps({"text": text}).encode() + b"\n")
    process.stdin.flush()
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    return answer


def test_a_program_can_hold_the_process_open(redacting: subprocess.Popen[bytes]) -> None:
    assert ask(redacting, "one")["text"] == "one"
    assert ask(redacting, "two")["id"] == 2


@pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")
def test_ctrl_c_ends_quietly(redacting: subprocess.Popen[bytes]) -> None:
    ask(redacting, "one")

    redacting.send_signal(signal.SIGINT)

    assert redacting.wait(10) == 130
    assert redacting.stderr is not None
    assert redacting.stderr.read() == b""


def test_a_reader_that_leaves_ends_it_quietly(redacting: subprocess.Popen[bytes]) -> None:
    ask(redacting, "one")
    assert redacting.stdin is not None
    assert redacting.stdout is not None
    assert redacting.stderr is not None

    redacting.stdout.close()
    redacting.stdin.write(b'{"text": "two"}\n' * 3)
    redacting.stdin.close()

    assert redacting.wait(10) == 0
    assert redacting.stderr.read() == b""


def test_closed_standard_output_is_told_in_a_sentence() -> None:
    code = f"{IMPORT}; import sys; sys.stdout = None; raise SystemExit(main(['redact']))"

    ended = subprocess.run(
        [sys.executable, "-c", code], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )

    assert ended.returncode == 2
    assert ended.stderr.count(b"\n") == 1
