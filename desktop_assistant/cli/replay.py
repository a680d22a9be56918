"""replay: dialogue files through the whole pipeline as if live, without a window."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop_assistant.cli.filters import analysis_record, suggestions_record
from desktop_assistant.cli.latency import Latency
from desktop_assistant.cli.lines import write_line
from desktop_assistant.cli.opening import EVERYTHING, open_desk
from desktop_assistant.cli.parser import add_command, add_json, add_model, positive_int, seconds
from desktop_assistant.cli.terminal import Brush, brush_for, milliseconds, printable
from desktop_assistant.errors import RecordError
from desktop_assistant.training_example import read_dialogues

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from desktop_assistant.cli.opening import Desk
    from desktop_assistant.cli.parser import Commands
    from desktop_assistant.cli.terminal import Style
    from desktop_assistant.conversation import Turn
    from desktop_assistant.pack import Pack
    from desktop_assistant.training_example import Dialogue

_SENTIMENT_STYLES: dict[str, Style] = {"negative": "red", "positive": "green"}
_SURE = 0.4
"""Scores below are shown faint, as the window does by default (``confidence_floor``)."""

STAGES = ("analysis", "first_suggestion", "all_suggestions")


@dataclass(frozen=True, slots=True)
class Step:
    """What the assistant made of one customer turn.

    ``record`` is its JSON form; its latencies run, in ms, from the customer's message to the end
    of the analysis, to the retrieved suggestions and to all suggestions.
    """

    record: dict[str, Any]
    expected_intent: str | None
    expected_sentiment: str | None


def summary_of(dialogues: int, steps: Sequence[Step]) -> dict[str, Any]:
    """Counts, shares (0 to 1, None where nothing can be said) and latencies in ms."""
    records = [step.record for step in steps]
    return {
        "summary": True,
        "dialogues": dialogues,
        "customer_turns": len(steps),
        "with_suggestions": _share([bool(record["suggestions"]) for record in records]),
        "intent_agreement": _share(
            [
                step.record["intent"] == step.expected_intent
                for step in steps
                if step.expected_intent is not None
            ]
        ),
        "sentiment_agreement": _share(
            [
                step.record["sentiment"] == step.expected_sentiment
                for step in steps
                if step.expected_sentiment is not None
            ]
        ),
        "latency_ms": {
            stage: measured.record() if measured else None
            for stage in STAGES
            for measured in [Latency.of([record["latency_ms"][stage] for record in records])]
        },
    }


def add_commands(commands: Commands) -> None:
    """Declare ``replay``."""
    parser = add_command(
        commands,
        "replay",
        _run,
        "run dialogue files through the whole pipeline as if live",
        "For each turn of the customer: analysis, suggestions and how long they took, then what\n"
        "the agent really wrote; at the end a summary. Nothing is stored.\n\n"
        'With --json one object a customer turn, and at the end one with "summary": true.',
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="dialogue files")
    parser.add_argument(
        "--demo",
        nargs="?",
        const="",
        metavar="NAME",
        help="replay a demonstration chat of the domain pack: this one, or the first",
    )
    parser.add_argument(
        "--lang", choices=("en", "zh"), help="language of the demonstration chat (default: en)"
    )
    parser.add_argument("--limit", type=positive_int, metavar="N", help="stop after N dialogues")
    parser.add_argument(
        "--pace",
        type=seconds,
        default=0.0,
        metavar="SECONDS",
        help="pause before each turn, to make it feel live (default: 0)",
    )
    parser.add_argument(
        "--color",
        "--colour",
        choices=("auto", "always", "never"),
        default="auto",
        help="colours (default: on a terminal, unless NO_COLOR is set)",
    )
    add_json(parser)
    add_model(parser)


def replay(
    desk: Desk, dialogues: Sequence[Dialogue], report: Report, pause: Pause
) -> dict[str, Any]:
    """Run the dialogues turn by turn, tell ``report`` each of them, and return the summary."""
    steps: list[Step] = []
    for dialogue in dialogues:
        report.dialogue(dialogue)
        for index, turn in enumerate(dialogue.turns):
            pause()
            report.turn(turn)
            if turn.role == "customer" and turn.text.strip():
                step = _step(desk, dialogue, index)
                steps.append(step)
                report.step(step)
    summary = summary_of(len(dialogues), steps)
    report.summary(summary)
    return summary


class Report:
    """Tells a program: one JSON object a customer turn, and the summary."""

    def dialogue(self, dialogue: Dialogue) -> None:
        """A dialogue begins."""

    def turn(self, turn: Turn) -> None:
        """Somebody spoke."""

    def step(self, step: Step) -> None:
        write_line(step.record)

    def summary(self, summary: dict[str, Any]) -> None:
        write_line(summary)


class PrintedReport(Report):
    """Tells a person, in colours."""

    def __init__(self, brush: Brush) -> None:
        self._brush = brush

    def dialogue(self, dialogue: Dialogue) -> None:
        title = " ".join(filter(None, [dialogue.dialogue_id, dialogue.domain]))
        self._say(self._brush.paint(f"\n── {printable(title)} ", "bold"))

    def turn(self, turn: Turn) -> None:
        style: Style = "cyan" if turn.role == "customer" else "green"
        self._say(f"{self._brush.paint(f'{turn.role:>8}', style, 'bold')}  {printable(turn.text)}")

    def step(self, step: Step) -> None:
        record, paint = step.record, self._brush.paint
        intents = "  ".join(
            paint(f"{label} {score:.0%}", "yellow" if score >= _SURE else "faint")
            for label, score in ((one["label"], one["score"]) for one in record["intents"][:3])
        )
        mood = record["sentiment"]
        mood_text = f"{mood} {record['sentiments'][mood]:.0%}"
        styled = _SENTIMENT_STYLES.get(mood)
        latency = paint(milliseconds(record["latency_ms"]["analysis"]), "faint")
        self._say(
            f"{'':8}  {intents or record['intent']} · "
            f"{paint(mood_text, styled) if styled else mood_text} · {latency}"
        )
        for strategy in record["strategies"][:1]:
            self._say(f"{'':8}  {paint('next:', 'faint')} {strategy['label']}")
        self._suggestions(record)

    def summary(self, summary: dict[str, Any]) -> None:
        self._say(self._brush.paint("\n── summary", "bold"))
        self._say(f"{summary['dialogues']} dialogues, {summary['customer_turns']} customer turns")
        for key, words in (
            ("with_suggestions", "with suggestions"),
            ("intent_agreement", "intent as labelled"),
            ("sentiment_agreement", "sentiment as labelled"),
        ):
            if summary[key] is not None:
                self._say(f"{words}: {summary[key]:.1%}")
        for name, measured in summary["latency_ms"].items():
            if measured:
                self._say(
                    f"{name.replace('_', ' ')}: p50 {milliseconds(measured['p50'])}, "
                    f"p95 {milliseconds(measured['p95'])}"
                )

    def _suggestions(self, record: dict[str, Any]) -> None:
        paint = self._brush.paint
        for number, one in enumerate(record["suggestions"], start=1):
            origin = paint(f"({one['kind']} {one['score']:.2f}, {one['source']})", "faint")
            self._say(f"{'':8}  {paint(f'{number}.', 'blue')} {printable(one['text'])} {origin}")
        if not record["suggestions"]:
            self._say(f"{'':8}  {paint('no suggestion: ' + str(record['reason']), 'faint')}")
        times = record["latency_ms"]
        note = f"first after {milliseconds(times['first_suggestion'])}, all after "
        self._say(f"{'':8}  {paint(note + milliseconds(times['all_suggestions']), 'faint')}")

    @staticmethod
    def _say(line: str) -> None:
        print(line, flush=True)


class Pause:
    """Waits between turns; 0 does not wait at all."""

    def __init__(self, pace_s: float) -> None:
        self._pace_s = pace_s
        self._never_set = threading.Event()

    def __call__(self) -> None:
        if self._pace_s:
            self._never_set.wait(self._pace_s)


def demo_dialogues(pack: Pack, name: str, lang: str | None) -> list[Dialogue]:
    """The demonstration chat ``name`` of a pack, or the first in ``lang`` where it is empty.

    Raises: RecordError naming those that exist.
    """
    spoken = [one for one in pack.demo if lang is None or one.lang == lang]
    if not name:
        preferred = [one for one in spoken if one.lang == (lang or "en")] or spoken
        if preferred:
            return preferred[:1]
    found = [one for one in spoken if one.dialogue_id == name]
    if found:
        return found
    known = ", ".join(one.dialogue_id for one in spoken) or "none"
    message = f"The pack {pack.name} has no demonstration chat {name!r}; there are: {known}."
    raise RecordError(message)


def _run(arguments: argparse.Namespace) -> int:
    if bool(arguments.files) == (arguments.demo is not None):
        message = "replay needs either dialogue FILEs or --demo."
        raise RecordError(message)
    dialogues = [one for path in arguments.files for one in read_dialogues(path)]
    desk = open_desk(arguments, EVERYTHING)
    if arguments.demo is not None:
        dialogues = demo_dialogues(desk.pack, arguments.demo, arguments.lang)
    report = Report() if arguments.json else PrintedReport(brush_for(arguments.color, sys.stdout))
    replay(desk, dialogues[: arguments.limit], report, Pause(arguments.pace))
    return 0


def _step(desk: Desk, dialogue: Dialogue, index: int) -> Step:
    turn, before = dialogue.turns[index], dialogue.turns[:index]
    values = desk.values(dialogue.customer_name)
    start = time.perf_counter()
    analysis = desk.engine.analyse(turn.text, before)
    analysed = time.perf_counter()
    desk.engine.suggest_retrieved((*before, turn), values)
    retrieved = time.perf_counter()
    suggestions = desk.engine.suggest((*before, turn), values)
    ends = (analysed, retrieved, time.perf_counter())
    record = {
        "dialogue": dialogue.dialogue_id,
        "turn": index,
        **analysis_record(analysis),
        **suggestions_record(suggestions),
        "latency_ms": {
            stage: round((end - start) * 1000, 3) for stage, end in zip(STAGES, ends, strict=True)
        },
    }
    return Step(record, turn.intent, turn.sentiment)


def _share(outcomes: list[bool]) -> float | None:
    return round(sum(outcomes) / len(outcomes), 4) if outcomes else None
