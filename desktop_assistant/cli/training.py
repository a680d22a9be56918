"""train and evaluate: new models from labelled files, and how good they are."""

from __future__ import annotations

import logging
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop_assistant.cli.lines import write_line
from desktop_assistant.cli.opening import (
    COMPLETING,
    EVERYTHING,
    UNDERSTANDING,
    open_desk,
    paths_of,
    registry_of,
)
from desktop_assistant.cli.parser import (
    add_command,
    add_json,
    add_model,
    positive_int,
    positive_number,
)
from desktop_assistant.cli.terminal import table
from desktop_assistant.errors import AssistantError, ModelError
from desktop_assistant.paths import pack_dir
from desktop_assistant.training.arguments import DataFile, TrainingArguments

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from desktop_assistant.cli.parser import CommandParser, Commands
    from desktop_assistant.inference.engine import Engine
    from desktop_assistant.inference.evaluation import Embed

TRAINABLE = ("intent", "sentiment", "understanding", "reply")
EVALUATED = {
    "intent": UNDERSTANDING,
    "sentiment": UNDERSTANDING,
    "reply": EVERYTHING,
    "completion": COMPLETING,
}
INSTALL_COMMAND = "pip install 'desktop-assistant[training]'"

_MODEL_OPTIONS = {
    "model_name": "what the result is called (default: its task)",
    "model_version": "the result's version (default: the next free one)",
    "languages": "reply: what it writes, separated by commas (default: en)",
    "licence": "the result's licence (default: Apache-2.0)",
}
"""What goes into the model's card, through ``TrainingArguments.extra``."""

_TRAINING_PACKAGES = ("torch", "transformers", "peft", "datasets", "accelerate", "optimum", "onnx")


def add_commands(commands: Commands) -> None:
    """Declare ``train`` and ``evaluate``."""
    _add_train(commands)
    _add_evaluate(commands)


def _add_train(commands: Commands) -> None:
    parser = add_command(
        commands,
        "train",
        _run_train,
        "fine-tune a model on labelled files",
        "The labels are those in the data: any taxonomy works. FILE@500 takes a random sample of\n"
        "500 rows, FILE@3x counts a file three times. A run that was interrupted goes on when it\n"
        "is started again with the same --out. Needs the training packages:\n"
        f"  {INSTALL_COMMAND}\n\n"
        "intent and sentiment read files of their kind, understanding both, reply dialogues.",
    )
    parser.add_argument("task", choices=TRAINABLE, metavar="TASK", help=", ".join(TRAINABLE))
    parser.add_argument(
        "--data", nargs="+", action="extend", required=True, metavar="FILE", help="training files"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="where the model and its logs go"
    )
    parser.add_argument(
        "--base",
        metavar="MODEL",
        help="hub id, model folder or data file (default: the task's active model)",
    )
    parser.add_argument(
        "--validation", nargs="+", action="extend", metavar="FILE", help="files held back"
    )
    parser.add_argument(
        "--validation-share",
        type=float,
        metavar="SHARE",
        help="share of the conversations held back without --validation (default: 0.05)",
    )
    parser.add_argument("--method", choices=("lora", "full"), help="what learns (default: lora)")
    _add_numbers(parser)
    for name, text in _MODEL_OPTIONS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", metavar=name.upper(), help=text)
    parser.add_argument(
        "--pack",
        metavar="NAME",
        help="understanding: learn the intents of this domain pack, and let other label sets help "
        "(default: the labels of the data)",
    )
    parser.add_argument(
        "--install", action="store_true", help="add the result to the user's models (not promoted)"
    )
    add_json(parser)


def _add_numbers(parser: CommandParser) -> None:
    options: tuple[tuple[str, Callable[[str], Any], str], ...] = (
        ("--epochs", positive_number, "passes over the data"),
        ("--max-steps", positive_int, "end after this many updates"),
        ("--batch-size", positive_int, "sequences a step"),
        ("--accumulation-steps", positive_int, "steps an update"),
        ("--learning-rate", positive_number, "peak learning rate"),
        ("--head-learning-rate", positive_number, "the same for new classification heads"),
        ("--lora-rank", positive_int, "rank of the adapters"),
        ("--lora-alpha", positive_int, "scale of the adapters"),
        ("--max-tokens", positive_int, "longer sequences are cut"),
        ("--evaluation-steps", positive_int, "updates between two looks at the validation files"),
        ("--patience", positive_int, "such looks without improvement before the run stops"),
        ("--seed", int, "of sampling, shuffling and initialisation"),
    )
    for name, read, text in options:
        declared = TrainingArguments.__dataclass_fields__[name[2:].replace("-", "_")].default
        default = "no limit" if declared == -1 else f"{declared:g}"
        parser.add_argument(name, type=read, metavar="N", help=f"{text} (default: {default})")


def _add_evaluate(commands: Commands) -> None:
    parser = add_command(
        commands,
        "evaluate",
        _run_evaluate,
        "quality of a model on labelled files",
        "intent and sentiment read files of their kind; reply and completion read dialogues.\n"
        "Every number comes with its 95 % bootstrap interval. torch is not needed.\n\n"
        "completion types what the agents really wrote, key by key: keystrokes_saved is the share\n"
        "of characters that need not be typed, wrong_shows the share of keys after which a\n"
        "completion was shown that the agent did not write.",
    )
    parser.add_argument("task", choices=tuple(EVALUATED), metavar="TASK", help=", ".join(EVALUATED))
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="labelled files")
    parser.add_argument(
        "--limit",
        type=positive_int,
        metavar="N",
        help="only N rows (reply: agent turns, completion: dialogues), drawn at random",
    )
    parser.add_argument(
        "--accept",
        choices=("whole", "words"),
        default="whole",
        help="completion: take only what is right as a whole, or also its first words "
        "(default: whole)",
    )
    parser.add_argument("--seed", type=int, default=20, help="of drawing (default: 20)")
    add_json(parser)
    add_model(parser)


def training_arguments(arguments: argparse.Namespace) -> TrainingArguments:
    """The run that the command line describes; what it does not say keeps its default.

    Raises: AssistantError if the training packages are missing or a number is out of bounds.
    """
    given: dict[str, Any] = {
        name: value
        for name in TrainingArguments.__dataclass_fields__
        if (value := getattr(arguments, name, None)) is not None
    }
    given["data"] = tuple(file for written in arguments.data for file in DataFile.parse(written))
    if arguments.validation:
        given["validation"] = tuple(
            file for written in arguments.validation for file in DataFile.parse(written)
        )
    extra = {
        name.removeprefix("model_"): value
        for name in _MODEL_OPTIONS
        if (value := getattr(arguments, name)) is not None
    }
    return TrainingArguments(out_dir=arguments.out, extra=extra, **given)


def _run_train(arguments: argparse.Namespace) -> int:
    logging.getLogger("desktop_assistant").setLevel(logging.INFO)
    described = training_arguments(arguments)
    missing = [name for name in _TRAINING_PACKAGES if find_spec(name) is None]
    if missing:
        message = f"train needs {', '.join(missing)}. Install what is missing: {INSTALL_COMMAND}"
        raise AssistantError(message)
    from desktop_assistant.training.commands import train

    registry = registry_of(paths_of(arguments))
    pack_folder = pack_dir(arguments.pack) if arguments.pack else None
    report = train(described, registry, pack_folder)
    card = registry.import_model(report.card.folder) if arguments.install else report.card
    record = {
        "model": card.label,
        "task": card.task,
        "folder": str(card.folder),
        "installed": arguments.install,
        "metrics": report.metrics,
    }
    if arguments.json:
        write_line(record)
        return 0
    print(f"{card.label} for {card.task} is in {card.folder}.")
    for name, value in report.metrics.items():
        print(f"{name.replace('_', ' ')}: {value}")
    if arguments.install:
        print(f"It is installed; make it active with: models promote {card.label}")
    return 0


def _run_evaluate(arguments: argparse.Namespace) -> int:
    from desktop_assistant.inference.evaluation import Options, evaluate

    desk = open_desk(arguments, EVALUATED[arguments.task])
    options = Options(
        labels=_known_intents(arguments),
        embed=_embedding_of(desk.engine),
        limit=arguments.limit,
        accept=arguments.accept,
        seed=arguments.seed,
        on_progress=_progress if sys.stderr.isatty() else _silence,
    )
    report = evaluate(arguments.task, arguments.files, desk.engine, options)
    report["models"] = [
        f"{one.name}@{one.version}" for one in desk.engine.status.models if one.name
    ]
    if arguments.json:
        write_line(report)
    else:
        _print_evaluation(report)
    return 0


def _embedding_of(engine: Engine) -> Embed | None:
    """The encoder of an engine on local models; engines elsewhere need not show theirs."""
    understanding = getattr(engine, "understanding", None)
    return None if understanding is None else understanding.embed


def _known_intents(arguments: argparse.Namespace) -> frozenset[str]:
    """The labels of the intent head that is evaluated; empty where its card does not say."""
    registry = registry_of(paths_of(arguments))
    try:
        named = arguments.model
        card = registry.find(named) if named else registry.active("understanding")
    except ModelError:
        return frozenset()
    return frozenset(card.labels.get("intent", ()))


def _print_evaluation(report: dict[str, Any]) -> None:
    print(f"{report['task']} on {report['rows']} rows with {', '.join(report['models'])}\n")
    rows = [_metric_row(name, value) for name, value in report["metrics"].items()]
    for lang, metrics in report.get("languages", {}).items():
        rows += [_metric_row(f"{lang} {name}", metrics[name]) for name in ("accuracy", "macro_f1")]
    print(table(["", "value", "95 % interval"], rows))
    coverage = report.get("coverage")
    if coverage:
        print(f"\nThe model knows the labels of {coverage['rows']:.1%} of the rows.")
    latency = report["latency_ms"]
    print(f"\nlatency: p50 {latency['p50']} ms, p95 {latency['p95']} ms, p99 {latency['p99']} ms")


def _metric_row(name: str, value: dict[str, float] | float) -> list[str]:
    if isinstance(value, dict):
        return [
            name.replace("_", " "),
            f"{value['value']:.4f}",
            f"{value['low']:.4f} to {value['high']:.4f}",
        ]
    return [name.replace("_", " "), f"{value:.4f}", ""]


def _progress(done: int, total: int) -> None:
    print(f"\r{done} of {total}", end="\n" if done == total else "", file=sys.stderr, flush=True)


def _silence(_done: int, _total: int) -> None: ...
