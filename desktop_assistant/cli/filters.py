"""analyse, suggest, complete, search, redact: JSON lines in, JSON lines out."""

from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING, Any

from desktop_assistant.cli.lines import filter_lines, timed
from desktop_assistant.cli.opening import COMPLETING, EVERYTHING, UNDERSTANDING, open_desk
from desktop_assistant.cli.parser import add_command, add_model
from desktop_assistant.errors import AssistantError, RecordError
from desktop_assistant.suggestion import NoSuggestion
from desktop_assistant.training_example import parse_turns, required_text

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

    from desktop_assistant.analysis import Analysis, LabelScore
    from desktop_assistant.cli.lines import Answer
    from desktop_assistant.cli.opening import Desk
    from desktop_assistant.cli.parser import Commands, Run
    from desktop_assistant.conversation import Turn
    from desktop_assistant.inference.engine import Engine
    from desktop_assistant.suggestion import Suggestions

MAX_HITS = 100

_LOOP = """Reads JSON objects from standard input, one a line, and answers each with one line on
standard output, in order and at once, so that a program can hold the process open and talk to
it. A line that is not valid is answered with {"id": ..., "error": ...}; the rest goes on. Exit
status: 0 if all went well, 1 if some lines failed, 2 for wrong usage or an unusable model or
database. Unknown keys are ignored; without an "id" the line's number is used.

"""


def add_commands(commands: Commands) -> None:
    """Declare the five filters."""
    for name, (run, summary, notation) in _FILTERS.items():
        parser = add_command(commands, name, run, summary, _LOOP + notation)
        if run is not _run_redact:
            add_model(parser)


def analyse_line(engine: Engine, record: dict[str, Any]) -> dict[str, Any]:
    """Answer one line of ``analyse``. Raises: RecordError."""
    return analysis_record(
        engine.analyse(required_text(record, "text"), _turns(record, required=False))
    )


def analysis_record(analysis: Analysis) -> dict[str, Any]:
    """An analysis as JSON has it."""
    return {
        "lang": analysis.lang,
        "intent": analysis.intent,
        "intents": _scores(analysis.intents),
        "sentiment": analysis.sentiment,
        "sentiments": {label: _score(score) for label, score in analysis.sentiments.items()},
        "entities": [
            {"start": int(one.start), "end": int(one.end), "type": one.type, "text": one.text}
            for one in analysis.entities
        ],
        "strategies": _scores(analysis.strategies),
        "evidence": list(analysis.evidence),
        "model": analysis.model,
    }


def suggest_line(
    engine: Engine, values: Mapping[str, str], record: dict[str, Any]
) -> dict[str, Any]:
    """Answer one line of ``suggest``. Raises: RecordError."""
    turns, draft = _turns(record), _text_or_empty(record, "draft")
    if not turns or turns[-1].role != "customer":
        return {"suggestions": [], "reason": NoSuggestion.NOTHING_TO_ANSWER.value}
    return suggestions_record(engine.suggest(turns, values, draft))


def suggestions_record(answer: Suggestions) -> dict[str, Any]:
    """Suggestions as JSON has them."""
    return {
        "suggestions": [
            {
                "text": one.text,
                "kind": one.kind,
                "score": _score(one.score),
                "source": one.source,
            }
            for one in answer.suggestions
        ],
        "reason": answer.reason.value if answer.reason else None,
    }


def complete_line(engine: Engine, record: dict[str, Any]) -> dict[str, Any]:
    """Answer one line of ``complete``. Raises: RecordError."""
    turns = _turns(record)
    completion = engine.complete(_conversation_of(turns), turns, required_text(record, "draft"))
    return {
        "completion": completion.text,
        "kind": completion.kind.value,
        "reason": completion.reason.value if completion.reason else None,
    }


def search_line(engine: Engine, record: dict[str, Any]) -> dict[str, Any]:
    """Answer one line of ``search``. Raises: RecordError."""
    k = record.get("k")
    count = 5 if k is None else k
    if type(count) is not int or not 1 <= count <= MAX_HITS:
        message = f"k must be a whole number from 1 to {MAX_HITS}"
        raise RecordError(message)
    return {
        "hits": [
            {
                "question": hit.question,
                "answer": hit.answer,
                "score": _score(hit.score),
                "source": hit.source,
            }
            for hit in engine.search(required_text(record, "query"), count)
        ]
    }


def redact_line(record: dict[str, Any]) -> dict[str, Any]:
    """Answer one line of ``redact``. Raises: RecordError."""
    from desktop_assistant.redaction import redact

    text, spans = redact(required_text(record, "text"))
    return {
        "text": text,
        "spans": [{"start": one.start, "end": one.end, "type": one.type} for one in spans],
    }


def _run_analyse(arguments: argparse.Namespace) -> int:
    return _run_with_engine(
        arguments, UNDERSTANDING, lambda desk: lambda record: analyse_line(desk.engine, record)
    )


def _run_suggest(arguments: argparse.Namespace) -> int:
    return _run_with_engine(
        arguments,
        EVERYTHING,
        lambda desk: lambda record: suggest_line(desk.engine, desk.values(), record),
    )


def _run_complete(arguments: argparse.Namespace) -> int:
    return _run_with_engine(
        arguments, COMPLETING, lambda desk: lambda record: complete_line(desk.engine, record)
    )


def _run_search(arguments: argparse.Namespace) -> int:
    return _run_with_engine(
        arguments, UNDERSTANDING, lambda desk: lambda record: search_line(desk.engine, record)
    )


def _run_redact(_: argparse.Namespace) -> int:
    return _filter_standard_streams(redact_line)


def _run_with_engine(
    arguments: argparse.Namespace, tasks: frozenset[str], answer: Callable[[Desk], Answer]
) -> int:
    return _filter_standard_streams(timed(answer(open_desk(arguments, tasks))))


def _filter_standard_streams(answer: Answer) -> int:
    if sys.stdin is None:
        message = "Standard input is closed, but the lines to answer come from there."
        raise AssistantError(message)
    return filter_lines(answer, sys.stdin.buffer, sys.stdout.buffer)


def _turns(record: dict[str, Any], *, required: bool = True) -> tuple[Turn, ...]:
    raw = record.get("turns")
    if raw is None and not required:
        return ()
    return parse_turns(raw)


def _text_or_empty(record: dict[str, Any], key: str) -> str:
    return "" if record.get(key) is None else required_text(record, key)


def _conversation_of(turns: tuple[Turn, ...]) -> str:
    """Name a conversation after how it began: all of its lines then share one warm cache.

    Two that begin alike share it too, which costs them time and nothing else: what is cached is
    compared with what is asked.
    """
    first = f"{turns[0].role} {turns[0].text}" if turns else ""
    return hashlib.blake2b(first.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _scores(labels: tuple[LabelScore, ...]) -> list[dict[str, Any]]:
    return [{"label": one.label, "score": _score(one.score)} for one in labels]


def _score(score: float) -> float:
    return round(float(score), 6)


_FILTERS: dict[str, tuple[Run, str, str]] = {
    "analyse": (
        _run_analyse,
        "intent, sentiment, entities and next strategy of customer messages",
        """in:  {"id", "text", "turns": [{"role": "customer" or "agent", "text"}...]}; turns is what
      was said before, and may be missing
out: {"id", "lang", "intent", "intents": [{"label", "score"}...], "sentiment", "sentiments",
      "entities": [{"start", "end", "type", "text"}...], "strategies": [{"label", "score"}...],
      "evidence", "latency_ms", "model"}""",
    ),
    "suggest": (
        _run_suggest,
        "at most three replies to the customer's last message",
        """in:  {"id", "turns": [{"role": "customer" or "agent", "text"}...], "draft"}; the last
      turn is the customer's, and draft may be missing
out: {"id", "suggestions": [{"text", "kind", "score", "source"}...], "reason", "latency_ms"};
      reason says why there are none""",
    ),
    "complete": (
        _run_complete,
        "what would be shown in grey after the agent's draft",
        """in:  {"id", "turns": [{"role": "customer" or "agent", "text"}...], "draft"}
out: {"id", "completion", "kind", "reason", "latency_ms"}; completion may be \"\"""",
    ),
    "search": (
        _run_search,
        "the knowledge entries that fit a question",
        f"""in:  {{"id", "query", "k"}}; k is how many, 1 to {MAX_HITS}, 5 if missing
out: {{"id", "hits": [{{"question", "answer", "score", "source"}}...], "latency_ms"}}""",
    ),
    "redact": (
        _run_redact,
        "replace what identifies a person",
        """in:  {"id", "text"}
out: {"id", "text", "spans": [{"start", "end", "type"}...]}; start and end count Unicode code
      points of the text that came in""",
    ),
}
