"""The records that leave the store and enter training: one JSON object a line, gzip or not.

These four kinds are the whole interface between the two: intent, sentiment, dialogue and faq.
Unknown keys are ignored, so that richer files can be read too.
"""

from __future__ import annotations

import gzip
import json
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, TypeVar, cast

from desktop_assistant.conversation import ROLES, Turn, language_of
from desktop_assistant.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

Value = TypeVar("Value")

SENTIMENTS = ("negative", "neutral", "positive")


@dataclass(frozen=True, slots=True)
class IntentExample:
    """A message and what it wants; ``labels`` holds all of its intents, the main one first."""

    text: str
    labels: tuple[str, ...]
    lang: str
    source: str = ""
    turns: tuple[Turn, ...] = ()
    group: str = ""

    @property
    def label(self) -> str:
        return self.labels[0]


@dataclass(frozen=True, slots=True)
class SentimentExample:
    """A message and its mood: negative, neutral or positive."""

    text: str
    label: str
    lang: str
    source: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A chat, or the part of one that led to a single reply.

    ``group`` names the conversation, the unit by which training and validation are kept apart.
    ``is_single_reply`` says that only the last turn is new: the ones before it are turns of the
    same conversation that stand in other records too.
    """

    dialogue_id: str
    turns: tuple[Turn, ...]
    lang: str
    domain: str = ""
    customer_name: str = ""
    group: str = ""
    is_single_reply: bool = False


@dataclass(frozen=True, slots=True)
class FaqEntry:
    """A question with its answer; ``queries`` are other ways to ask it."""

    question: str
    answer: str
    lang: str
    source: str = ""
    queries: tuple[str, ...] = ()


def read_intents(path: Path) -> list[IntentExample]:
    """Read a file of the intent kind. Raises: RecordError naming the file and line."""
    return [_parse(path, number, record, parse_intent) for number, record in _records(path)]


def read_sentiments(path: Path) -> list[SentimentExample]:
    """Read a file of the sentiment kind. Raises: RecordError naming the file and line."""
    return [_parse(path, number, record, parse_sentiment) for number, record in _records(path)]


def read_dialogues(path: Path) -> list[Dialogue]:
    """Read a file of the dialogue kind, or of chat ``messages`` as ``export sft`` writes it.

    Raises: RecordError naming the file and line.
    """
    return [
        _parse(path, number, {"id": f"{path.stem}/{number}", **record}, parse_dialogue)
        for number, record in _records(path)
    ]


def read_faq(path: Path) -> list[FaqEntry]:
    """Read a file of the faq kind. Raises: RecordError naming the file and line."""
    return [_parse(path, number, record, parse_faq) for number, record in _records(path)]


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    """The JSON objects of a file as they are. Raises: RecordError naming the file and line."""
    for _, record in _records(path):
        yield record


def parse_intent(record: dict[str, Any]) -> IntentExample:
    """Build the value from one JSON object. Raises: RecordError."""
    text = required_text(record, "text")
    several = record.get("labels")
    main = required_text(record, "label")
    others = [str(label) for label in several] if isinstance(several, list) else []
    return IntentExample(
        text=text,
        labels=(main, *(label for label in others if label != main)),
        lang=str(record.get("lang") or language_of(text)),
        source=str(record.get("source", "")),
        turns=parse_turns(record.get("turns", [])),
        group=str(record.get("dialogue") or record.get("group") or ""),
    )


def parse_sentiment(record: dict[str, Any]) -> SentimentExample:
    """Build the value from one JSON object. Raises: RecordError."""
    text = required_text(record, "text")
    label = required_text(record, "label")
    if label not in SENTIMENTS:
        message = f"label is {label!r}, but must be one of {', '.join(SENTIMENTS)}"
        raise RecordError(message)
    return SentimentExample(
        text=text,
        label=label,
        lang=str(record.get("lang") or language_of(text)),
        source=str(record.get("source", "")),
        group=str(record.get("doc") or record.get("dialogue") or record.get("group") or ""),
    )


def parse_dialogue(record: dict[str, Any]) -> Dialogue:
    """Build the value from one JSON object, in either notation. Raises: RecordError."""
    raw = record.get("turns")
    is_single_reply = raw is None
    if raw is None and isinstance(record.get("messages"), list):
        raw = _turns_of_chat(record["messages"])
    turns = parse_turns(raw)
    if not turns:
        message = "turns is missing or empty"
        raise RecordError(message)
    return Dialogue(
        dialogue_id=str(record.get("id", "")),
        turns=turns,
        lang=str(record.get("lang") or language_of(" ".join(turn.text for turn in turns))),
        domain=str(record.get("domain", "")),
        customer_name=str(record.get("customer_name", "")),
        group=str(record.get("conversation") or record.get("id", "")),
        is_single_reply=is_single_reply,
    )


def parse_faq(record: dict[str, Any]) -> FaqEntry:
    """Build the value from one JSON object. Raises: RecordError."""
    question = required_text(record, "question")
    queries = record.get("queries")
    return FaqEntry(
        question=question,
        answer=required_text(record, "answer"),
        lang=str(record.get("lang") or language_of(question)),
        source=str(record.get("source") or ""),
        queries=tuple(str(query) for query in queries) if isinstance(queries, list) else (),
    )


def parse_turns(raw: Any) -> tuple[Turn, ...]:  # noqa: ANN401  # whatever JSON held
    """Read a list of turns. Raises: RecordError naming the first turn that is wrong."""
    if not isinstance(raw, list):
        message = "turns must be a list"
        raise RecordError(message)
    turns = []
    for index, turn in enumerate(raw):
        role = turn.get("role") if isinstance(turn, dict) else None
        text = turn.get("text") if isinstance(turn, dict) else None
        if role not in ROLES or not isinstance(text, str):
            message = f"turns[{index}] needs a role (customer or agent) and a text"
            raise RecordError(message)
        known = {
            key: turn[key]
            for key in ("intent", "sentiment", "strategy")
            if isinstance(turn.get(key), str)
        }
        turns.append(Turn(role, text, **known))
    return tuple(turns)


def required_text(record: dict[str, Any], key: str) -> str:
    """The string under ``key``. Raises: RecordError if it is missing or another type."""
    value = record.get(key)
    if not isinstance(value, str):
        message = f"{key} is missing or not a string"
        raise RecordError(message)
    return value


def write_records(path: Path, records: Iterable[dict[str, Any]]) -> int:
    """Write one JSON object a line and return how many; ``.gz`` at the end compresses.

    The same records give the same bytes: keys keep their order, and gzip stores no time.
    """
    count = 0
    with ExitStack() as opened:
        file: IO[bytes] = opened.enter_context(path.open("wb"))
        if path.suffix == ".gz":
            # The header is written at once, so a plain file must never meet it.
            packed = gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="")
            file = cast("IO[bytes]", opened.enter_context(packed))
        for record in records:
            file.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")
            count += 1
    return count


def _turns_of_chat(messages: list[Any]) -> list[dict[str, Any]]:
    roles = {"user": "customer", "assistant": "agent"}
    return [
        {"role": roles[message["role"]], "text": message.get("content")}
        for message in messages
        if isinstance(message, dict) and message.get("role") in roles
    ]


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with ExitStack() as opened:
            file: IO[bytes] = opened.enter_context(path.open("rb"))
            if path.suffix == ".gz":
                file = opened.enter_context(cast("IO[bytes]", gzip.GzipFile(fileobj=file)))
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, _decode(path, number, line)
    except (OSError, EOFError) as exc:
        message = f"{path} cannot be read: {exc}"
        raise RecordError(message) from exc


def _decode(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as exc:
        message = f"{path}, line {number}: not a JSON object ({exc})"
        raise RecordError(message) from exc
    if not isinstance(record, dict):
        message = f"{path}, line {number}: not a JSON object"
        raise RecordError(message)
    return record


def _parse(
    path: Path, number: int, record: dict[str, Any], parse: Callable[[dict[str, Any]], Value]
) -> Value:
    try:
        return parse(record)
    except RecordError as exc:
        message = f"{path}, line {number}: {exc}"
        raise RecordError(message) from exc
