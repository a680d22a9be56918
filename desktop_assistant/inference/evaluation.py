"""How good the models are on labelled files, measured through the engine as it runs.

The engine is asked what the window would ask it, so that thresholds, calibration, quantisation
and retrieval are part of what is measured.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

from desktop_assistant.analysis import OUT_OF_SCOPE
from desktop_assistant.errors import RecordError
from desktop_assistant.inference.metrics import (
    Measure,
    brier,
    expected_calibration_error,
    macro_f1,
    mean_of,
)
from desktop_assistant.inference.typing_simulation import typing_metrics
from desktop_assistant.training_example import read_dialogues, read_intents, read_sentiments

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from desktop_assistant.conversation import Turn
    from desktop_assistant.inference.engine import Engine
    from desktop_assistant.inference.typing_simulation import Accept
    from desktop_assistant.training_example import Dialogue

    Embed = Callable[[Sequence[str]], NDArray[np.float32]]

Row = TypeVar("Row")
Task = Literal["intent", "sentiment", "reply", "completion"]

_OUT_OF_SCOPE_NAMES = frozenset({OUT_OF_SCOPE, "oos"})
_TOP = 3


@dataclass(frozen=True, slots=True)
class Options:
    """How a model is evaluated.

    Attributes:
        labels: the intents the model knows; with them, coverage of the files' labels is told.
        embed: texts to vectors of length 1, float32 (texts, width); with it, replies are
            compared by meaning too.
        limit: at most this many rows, or agent turns, drawn at random; None takes all.
        accept: how the simulated agent takes completions.
        seed: of drawing and of the bootstrap.
        on_progress: called with (done, all) after each row.
    """

    labels: frozenset[str] = frozenset()
    embed: Embed | None = None
    limit: int | None = None
    accept: Accept = "whole"
    seed: int = 20
    on_progress: Callable[[int, int], None] = lambda _done, _all: None


def evaluate(
    task: Task, files: Sequence[Path], engine: Engine, options: Options | None = None
) -> dict[str, Any]:
    """Measure the quality of what ``engine`` answers for the rows of ``files``.

    Returns: a JSON-ready dict; each metric is {"value", "low", "high"}, the bounds being those of
    a 95 % bootstrap interval.
    Raises: RecordError for unreadable files, or files without anything to measure.
    """
    chosen = options or Options()
    measure = {
        "intent": _evaluate_intent,
        "sentiment": _evaluate_sentiment,
        "reply": _evaluate_reply,
        "completion": _evaluate_completion,
    }[task]
    return {
        "task": task,
        "files": [str(path) for path in files],
        "seed": chosen.seed,
        **measure(files, engine, chosen),
    }


@dataclass(frozen=True, slots=True)
class _Judgement:
    """One labelled message and what the model said of it."""

    lang: str
    gold: tuple[str, ...]
    predicted: str
    best: tuple[str, ...]
    confidence: float
    latency_ms: float

    @property
    def is_right(self) -> bool:
        return self.predicted == self.gold[0]


def _evaluate_intent(files: Sequence[Path], engine: Engine, options: Options) -> dict[str, Any]:
    rows = _drawn([row for path in files for row in read_intents(path)], options)
    judged = []
    for done, row in enumerate(rows, start=1):
        analysis = engine.analyse(row.text, row.turns)
        judged.append(
            _Judgement(
                lang=row.lang,
                gold=tuple(_intent_name(label) for label in row.labels),
                predicted=analysis.intent,
                best=tuple(one.label for one in analysis.intents[:_TOP]),
                confidence=analysis.intents[0].score if analysis.intents else 0.0,
                latency_ms=analysis.latency_ms,
            )
        )
        options.on_progress(done, len(rows))
    return {
        "rows": len(rows),
        "metrics": _records({**_label_metrics(judged, options), **_scope_metrics(judged, options)}),
        "languages": _by_language(judged, options),
        "coverage": _coverage(judged, options.labels),
        "latency_ms": _latency([one.latency_ms for one in judged]),
    }


def _evaluate_sentiment(files: Sequence[Path], engine: Engine, options: Options) -> dict[str, Any]:
    rows = _drawn([row for path in files for row in read_sentiments(path)], options)
    judged = []
    for done, row in enumerate(rows, start=1):
        analysis = engine.analyse(row.text)
        judged.append(
            _Judgement(
                lang=row.lang,
                gold=(row.label,),
                predicted=analysis.sentiment,
                best=(analysis.sentiment,),
                confidence=analysis.sentiments[analysis.sentiment],
                latency_ms=analysis.latency_ms,
            )
        )
        options.on_progress(done, len(rows))
    return {
        "rows": len(rows),
        "metrics": _records(_label_metrics(judged, options)),
        "languages": _by_language(judged, options),
        "latency_ms": _latency([one.latency_ms for one in judged]),
    }


def _evaluate_reply(files: Sequence[Path], engine: Engine, options: Options) -> dict[str, Any]:
    dialogues = [dialogue for path in files for dialogue in read_dialogues(path)]
    moments = _drawn([moment for one in dialogues for moment in _answers(one)], options)
    texts: list[tuple[str, ...]] = []
    latencies = []
    for done, (before, _, values) in enumerate(moments, start=1):
        start = time.perf_counter()
        answer = engine.suggest(before, values)
        latencies.append((time.perf_counter() - start) * 1000)
        texts.append(tuple(one.text for one in answer.suggestions))
        options.on_progress(done, len(moments))
    pairs = [(said, few) for (_, said, _), few in zip(moments, texts, strict=True) if few]
    metrics = {"with_suggestions": mean_of([bool(few) for few in texts], options.seed)}
    if pairs:
        metrics |= _similarity_metrics("characters", pairs, _character_similarity, options.seed)
        if options.embed is not None:
            metrics |= _similarity_metrics(
                "meaning", pairs, _likeness_in_meaning(options.embed), options.seed
            )
    return {
        "rows": len(moments),
        "metrics": _records(metrics),
        "latency_ms": _latency(latencies),
    }


def _evaluate_completion(files: Sequence[Path], engine: Engine, options: Options) -> dict[str, Any]:
    dialogues = [dialogue for path in files for dialogue in read_dialogues(path)]
    typed = [
        one for one in dialogues if any(t.role == "agent" and t.text.strip() for t in one.turns)
    ]
    rows = _drawn(typed, options)
    metrics, latencies = typing_metrics(
        rows, engine, options.accept, options.seed, options.on_progress
    )
    return {
        "rows": len(rows),
        "accept": options.accept,
        "metrics": _records(metrics),
        "latency_ms": _latency(latencies),
    }


def _answers(
    dialogue: Dialogue,
) -> list[tuple[tuple[Turn, ...], str, dict[str, str]]]:
    values = {"customer_name": dialogue.customer_name} if dialogue.customer_name else {}
    turns = dialogue.turns
    return [
        (turns[:index], turn.text, values)
        for index, turn in enumerate(turns)
        if index
        and turn.role == "agent"
        and turn.text.strip()
        and turns[index - 1].role == "customer"
    ]


def _label_metrics(judged: Sequence[_Judgement], options: Options) -> dict[str, Measure | float]:
    right = [one.is_right for one in judged]
    confidence = [one.confidence for one in judged]
    metrics: dict[str, Measure | float] = {
        "accuracy": mean_of(right, options.seed),
        "macro_f1": macro_f1(
            [one.gold[0] for one in judged], [one.predicted for one in judged], options.seed
        ),
        "expected_calibration_error": expected_calibration_error(confidence, right),
        "brier": brier(confidence, right),
    }
    return metrics


def _scope_metrics(judged: Sequence[_Judgement], options: Options) -> dict[str, Measure | float]:
    metrics: dict[str, Measure | float] = {
        "accuracy_top_3": mean_of([one.gold[0] in one.best for one in judged], options.seed),
        "accuracy_any_label": mean_of([one.predicted in one.gold for one in judged], options.seed),
    }
    inside = [one for one in judged if one.gold[0] != OUT_OF_SCOPE]
    outside = [one for one in judged if one.gold[0] == OUT_OF_SCOPE]
    if inside and outside:
        metrics["in_scope_accuracy"] = mean_of([one.is_right for one in inside], options.seed)
    if outside:
        metrics["out_of_scope_recall"] = mean_of([one.is_right for one in outside], options.seed)
    if inside:
        metrics["in_scope_refused"] = mean_of(
            [one.predicted == OUT_OF_SCOPE for one in inside], options.seed
        )
    return metrics


def _by_language(judged: Sequence[_Judgement], options: Options) -> dict[str, Any]:
    languages = sorted({one.lang for one in judged})
    return {
        lang: {"rows": len(rows), **_records(_label_metrics(rows, options))}
        for lang in languages
        for rows in [[one for one in judged if one.lang == lang]]
    }


def _coverage(judged: Sequence[_Judgement], known: frozenset[str]) -> dict[str, Any] | None:
    """Which of the files' labels the model has at all: it cannot be right about the others."""
    if not known:
        return None
    asked = {one.gold[0] for one in judged}
    covered = [one for one in judged if one.gold[0] in known]
    return {
        "rows": round(len(covered) / len(judged), 4),
        "labels": round(len(asked & known) / len(asked), 4),
        "unknown_labels": sorted(asked - known),
        "accuracy_on_covered": round(float(np.mean([one.is_right for one in covered])), 4)
        if covered
        else None,
    }


def _similarity_metrics(
    name: str,
    pairs: Sequence[tuple[str, tuple[str, ...]]],
    similarity: Callable[[str, str], float],
    seed: int,
) -> dict[str, Measure]:
    scores = [[similarity(said, text) for text in few] for said, few in pairs]
    return {
        f"similarity_{name}_first": mean_of([row[0] for row in scores], seed),
        f"similarity_{name}_best": mean_of([max(row) for row in scores], seed),
        f"similarity_{name}_mean": mean_of([sum(row) / len(row) for row in scores], seed),
    }


def _character_similarity(one: str, other: str) -> float:
    """Share of characters in common, 0 to 1 (Ratcliff and Obershelp 1988), letter case aside."""
    return SequenceMatcher(None, one.casefold(), other.casefold(), autojunk=False).ratio()


def _likeness_in_meaning(embed: Embed) -> Callable[[str, str], float]:
    """Cosine similarity of two texts, -1 to 1."""

    def cosine(one: str, other: str) -> float:
        first, second = embed([one, other])
        return float(first @ second)

    return cosine


def _drawn(rows: list[Row], options: Options) -> list[Row]:
    if not rows:
        message = "The files hold nothing that can be measured for this task."
        raise RecordError(message)
    if options.limit is None or options.limit >= len(rows):
        return rows
    return random.Random(options.seed).sample(rows, options.limit)


def _intent_name(label: str) -> str:
    return OUT_OF_SCOPE if label in _OUT_OF_SCOPE_NAMES else label


def _latency(durations_ms: Sequence[float]) -> dict[str, float]:
    p50, p95, p99 = np.percentile(durations_ms, (50, 95, 99))
    return {"p50": round(float(p50), 3), "p95": round(float(p95), 3), "p99": round(float(p99), 3)}


def _records(metrics: dict[str, Any]) -> dict[str, Any]:
    return {
        name: one.record() if isinstance(one, Measure) else round(float(one), 4)
        for name, one in metrics.items()
    }
