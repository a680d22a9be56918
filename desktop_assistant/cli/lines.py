"""JSON lines in, JSON lines out: the loop of all filter commands.

One answer for each line, in order, flushed at once, whatever the line holds: a program on the
other side of the pipe never waits for an answer that does not come.
"""

from __future__ import annotations

import json
import logging
import math
import os
import sys
import time
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn, TypeAlias

from desktop_assistant.cli.parser import SOME_FAILED
from desktop_assistant.errors import AssistantError, RecordError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Answer: TypeAlias = "Callable[[dict[str, Any]], dict[str, Any]]"

log = logging.getLogger(__name__)

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def filter_lines(answer: Answer, source: Iterable[bytes], sink: BinaryIO) -> int:
    """Answer every line of ``source`` on ``sink``; blank lines are passed over.

    Returns: the exit status, 0 if every line was good and 1 otherwise.
    Raises: BrokenPipeError if nobody reads ``sink`` any more.
    """
    failed = 0
    for number, line in enumerate(source, start=1):
        if not line.strip():
            continue
        reply = answer_line(answer, number, line)
        failed += "error" in reply
        sink.write(encode(reply) + b"\n")
        sink.flush()
    return SOME_FAILED if failed else 0


def answer_line(answer: Answer, number: int, line: bytes) -> dict[str, Any]:
    """Answer one line, or say what is wrong with it; never raises for what the line holds."""
    record_id: object = number
    try:
        record = decode(line)
        record_id = _identity(record, number)
        reply = {"id": record_id, **answer(record)}
        encode(reply)
    except AssistantError as exc:
        return {"id": record_id, "error": f"line {number}: {exc}"}
    except Exception as exc:  # noqa: BLE001  # the lines that follow still have to be answered
        log.error("Line %d failed with %s", number, type(exc).__name__)  # noqa: TRY400  # no text
        problem = f"line {number}: an error inside the program ({type(exc).__name__})"
        return {"id": record_id, "error": problem}
    return reply


def timed(answer: Answer) -> Answer:
    """Add ``latency_ms``: from the parsed line to the finished answer."""

    def with_latency(record: dict[str, Any]) -> dict[str, Any]:
        start = time.perf_counter()
        reply = answer(record)
        return {**reply, "latency_ms": round((time.perf_counter() - start) * 1000, 3)}

    return with_latency


def decode(line: bytes) -> dict[str, Any]:
    """Read one line as a JSON object. Raises: RecordError saying what it is instead."""
    try:
        record = json.loads(
            line.removeprefix(_BYTE_ORDER_MARK).decode("utf-8"), parse_constant=_refuse_constant
        )
    except UnicodeDecodeError as exc:
        message = f"not UTF-8 (byte {exc.start + 1} of the line)"
        raise RecordError(message) from exc
    except RecursionError as exc:
        message = "nested too deeply"
        raise RecordError(message) from exc
    except json.JSONDecodeError as exc:
        message = f"not JSON ({exc.msg}, column {exc.colno})"
        raise RecordError(message) from exc
    except ValueError as exc:
        message = "not JSON (a number with too many digits)"
        raise RecordError(message) from exc
    if not isinstance(record, dict):
        message = f"not a JSON object but {_kind(record)}"
        raise RecordError(message)
    return record


def encode(record: object) -> bytes:
    """Write one object as UTF-8 JSON; a lone surrogate keeps its escape, UTF-8 has no other way.

    Raises: ValueError for numbers that JSON does not know (infinite, not a number).
    """
    text = json.dumps(record, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace")


def write_line(record: object) -> None:
    """Write one object to standard output and flush it."""
    sys.stdout.write(encode(record).decode("utf-8") + "\n")
    sys.stdout.flush()


def drop_standard_output() -> None:
    """Let what is still buffered go nowhere, after the reader has left."""
    try:
        descriptor = sys.stdout.fileno()
    except (AttributeError, OSError, ValueError):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _identity(record: dict[str, Any], number: int) -> object:
    identity = record.get("id")
    if identity is None:
        return number
    is_plain = isinstance(identity, str | int | float)
    if not is_plain or (isinstance(identity, float) and not math.isfinite(identity)):
        message = "id must be a string or a number"
        raise RecordError(message)
    return identity


def _refuse_constant(name: str) -> NoReturn:
    message = f"not JSON ({name} is no JSON number)"
    raise RecordError(message)


def _kind(value: object) -> str:
    names = {list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
