from __future__ import annotations

import io
import json
from typing import Any

import pytest

from desktop_assistant.cli.lines import decode, encode, filter_lines, timed
from desktop_assistant.errors import RecordError


def echo(record: dict[str, Any]) -> dict[str, Any]:
    return {"text": record["text"]}


def answers(*lines: bytes) -> tuple[int, list[dict[str, Any]]]:
    sink = io.BytesIO()
    status = filter_lines(echo, lines, sink)
    return status, [json.loads(line) for line in sink.getvalue().decode("utf-8").splitlines()]


def test_every_line_is_answered_in_order() -> None:
    status, replies = answers(b'{"id": "a", "text": "1"}\n', b'{"id": "b", "text": "2"}')

    assert status == 0
    assert replies == [{"id": "a", "text": "1"}, {"id": "b", "text": "2"}]


def test_missing_id_is_the_number_of_the_line_blank_lines_counted() -> None:
    _, replies = answers(b"\n", b"  \r\n", b'{"text": "x"}\n', b'{"id": null, "text": "x"}\n')

    assert [reply["id"] for reply in replies] == [3, 4]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"\xff\xfe{}", "UTF-8"),
        (b"{", "not JSON"),
        (b"[1]", "a list"),
        (b'"text"', "a string"),
        (b"null", "null"),
        (b"7", "a number"),
        (b"true", "true or false"),
        (b'{"text": NaN}', "NaN"),
        (b'{"text": -Infinity}', "-Infinity"),
        (b'{"text": "a\x00b"}', "not JSON"),
        (b'{"deep": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested"),
        (b'{"big": ' + b"9" * 5000 + b"}", "digits"),
    ],
)
def test_a_bad_line_is_answered_and_the_rest_goes_on(line: bytes, said: str) -> None:
    status, replies = answers(b'{"text": "before"}', line, b'{"text": "after"}')

    assert status == 1
    assert replies[1]["id"] == 2
    assert replies[1]["error"].startswith("line 2: ")
    assert said in replies[1]["error"]
    assert replies[2] == {"id": 3, "text": "after"}


@pytest.mark.parametrize("identity", ["[1]", '{"a": 1}', "1e999"])
def test_an_id_that_cannot_be_given_back_is_refused(identity: str) -> None:
    status, replies = answers(b'{"id": %s, "text": "x"}' % identity.encode())

    assert status == 1
    assert replies == [{"id": 1, "error": "line 1: id must be a string or a number"}]


def test_an_error_inside_the_program_fails_its_line_only() -> None:
    status, replies = answers(b'{"id": "k", "nothing": 1}', b'{"text": "x"}')

    assert status == 1
    assert replies[0] == {
        "id": "k",
        "error": "line 1: an error inside the program (KeyError)",
    }
    assert replies[1] == {"id": 2, "text": "x"}


def test_lone_surrogates_leave_as_their_escape() -> None:
    sink = io.BytesIO()

    filter_lines(echo, [b'{"text": "a\\ud800\xe4\xbd\xa0"}'], sink)

    assert sink.getvalue() == b'{"id": 1, "text": "a\\ud800\xe4\xbd\xa0"}\n'


def test_a_byte_order_mark_is_no_error() -> None:
    assert decode(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_utf16_is_refused_though_json_could_guess_it() -> None:
    with pytest.raises(RecordError, match=r"not UTF-8|not JSON"):
        decode('{"a": 1}'.encode("utf-16"))


def test_numbers_that_json_does_not_know_are_never_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        encode({"score": float("nan")})


def test_every_answer_is_flushed_before_the_next_line_is_read() -> None:
    sink = _CountingSink()
    seen: list[int] = []

    def lines() -> Any:
        for _ in range(3):
            seen.append(sink.flushed_lines)
            yield b'{"text": "x"}'

    filter_lines(echo, lines(), sink)

    assert seen == [0, 1, 2]


def test_latency_is_measured_for_each_answer() -> None:
    reply = timed(echo)({"text": "x"})

    assert 0 <= reply["latency_ms"] < 1000


class _CountingSink(io.BytesIO):
    flushed_lines = 0

    def flush(self) -> None:
        self.flushed_lines = self.getvalue().count(b"\n")
