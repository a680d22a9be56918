"""models: what is installed, whether it is intact, and which version works."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop_assistant.cli.lines import write_line
from desktop_assistant.cli.opening import paths_of, registry_of
from desktop_assistant.cli.parser import (
    SOME_FAILED,
    CommandParser,
    add_command,
    add_group,
    add_json,
)
from desktop_assistant.cli.terminal import table
from desktop_assistant.errors import ModelError

if TYPE_CHECKING:
    import argparse

    from desktop_assistant.cli.parser import Commands
    from desktop_assistant.inference.registry import ModelCard, Registry


def add_commands(commands: Commands) -> None:
    """Declare ``models`` and its second words."""
    group = add_group(commands, "models", "list, check, choose, import and remove models")
    words = group.add_subparsers(
        title="commands", metavar="COMMAND", dest="word", required=True, parser_class=CommandParser
    )
    add_json(add_command(words, "list", _run_list, "all installed models, and which are active"))
    show = add_command(words, "show", _run_show, "everything that is known of a model")
    verify = add_command(
        words,
        "verify",
        _run_verify,
        "whether a model's files are what its card says",
        "Without a name every model is checked. Exit status 1 if one is damaged.",
    )
    verify.add_argument("models", nargs="*", metavar="NAME[@VERSION]", help="the models to check")
    promote = add_command(
        words, "promote", _run_promote, "make a version the active one of its task"
    )
    promote.add_argument("model", metavar="NAME@VERSION", help="the model that shall work")
    rollback = add_command(
        words, "rollback", _run_rollback, "go back to the version that was active before"
    )
    rollback.add_argument("model", metavar="NAME", help="the model whose last promotion is undone")
    imported = add_command(
        words,
        "import",
        _run_import,
        "copy a model folder into the user's own models",
        "The folder holds the ONNX files, the tokenizer and model_card.toml, as train and the\n"
        "project write it. The model is checked, and works after models promote.",
    )
    imported.add_argument("folder", type=Path, metavar="FOLDER", help="the model's folder")
    remove = add_command(words, "remove", _run_remove, "delete a version of the user's own models")
    remove.add_argument("model", metavar="NAME@VERSION", help="the model to delete")
    show.add_argument("model", metavar="NAME[@VERSION]", help="the model to show")
    for parser in (show, verify, promote, rollback, imported, remove):
        add_json(parser)


def card_record(registry: Registry, card: ModelCard, *, whole: bool = False) -> dict[str, Any]:
    """A model as JSON has it; ``whole`` adds everything the card tells."""
    record: dict[str, Any] = {
        "name": card.name,
        "version": card.version,
        "task": card.task,
        "active": is_active(registry, card),
        "folder": str(card.folder),
        "size_bytes": size_bytes(card),
        "base": card.base,
        "licence": card.licence,
    }
    if whole:
        record |= {
            "files": dict(card.files),
            "inputs": card.inputs,
            "outputs": card.outputs,
            "labels": {head: list(labels) for head, labels in card.labels.items()},
            "metrics": card.metrics,
        }
    return record


def is_active(registry: Registry, card: ModelCard) -> bool:
    """Whether this version works for its task now."""
    try:
        active = registry.active(card.task)
    except ModelError:
        return False
    return active.label == card.label


def size_bytes(card: ModelCard) -> int:
    """The size of the model's files together; files that are missing count as nothing."""
    paths = (card.folder / name for name in card.files)
    return sum(path.stat().st_size for path in paths if path.is_file())


def problem_of(registry: Registry, card: ModelCard) -> str:
    """The sentence that says what is wrong with a model's files, or ""."""
    try:
        registry.verify(card)
    except ModelError as exc:
        return str(exc)
    return ""


def _run_list(arguments: argparse.Namespace) -> int:
    registry = registry_of(paths_of(arguments))
    records = [card_record(registry, card) for card in registry.list()]
    if arguments.json:
        write_line(records)
        return 0
    if not records:
        print("No model is installed.")
        return 0
    rows = [
        [
            "*" if one["active"] else "",
            f"{one['name']}@{one['version']}",
            one["task"],
            f"{one['size_bytes'] / 1e6:.1f} MB",
            one["licence"],
            one["folder"],
        ]
        for one in records
    ]
    print(table(["", "model", "task", "size", "licence", "folder"], rows))
    return 0


def _run_show(arguments: argparse.Namespace) -> int:
    registry = registry_of(paths_of(arguments))
    record = card_record(registry, registry.find(arguments.model), whole=True)
    if arguments.json:
        write_line(record)
        return 0
    for name, value in record.items():
        print(f"{name}: {_shown(value)}")
    return 0


def _run_verify(arguments: argparse.Namespace) -> int:
    registry = registry_of(paths_of(arguments))
    cards = [registry.find(name) for name in arguments.models] or registry.list()
    checked = [(card.label, problem_of(registry, card)) for card in cards]
    if not arguments.models:
        checked += [("", sentence) for sentence in registry.problems()]
    if arguments.json:
        write_line(
            [{"model": name, "ok": not problem, "problem": problem} for name, problem in checked]
        )
    else:
        for name, problem in checked:
            print(": ".join(filter(None, [name, problem or "intact"])))
    return SOME_FAILED if any(problem for _, problem in checked) else 0


def _run_promote(arguments: argparse.Namespace) -> int:
    registry = registry_of(paths_of(arguments))
    name, version = _name_and_version(arguments.model)
    return _tell(arguments, registry, registry.promote(name, version), "is active now")


def _run_rollback(arguments: argparse.Namespace) -> int:
    registry = registry_of(paths_of(arguments))
    return _tell(arguments, registry, registry.rollback(arguments.model), "is active again")


def _run_import(arguments: argparse.Namespace) -> int:
    registry = registry_of(paths_of(arguments))
    card = registry.import_model(arguments.folder)
    return _tell(arguments, registry, card, "is installed; make it active with models promote")


def _run_remove(arguments: argparse.Namespace) -> int:
    registry = registry_of(paths_of(arguments))
    name, version = _name_and_version(arguments.model)
    record = card_record(registry, registry.find(arguments.model))
    registry.remove(name, version)
    if arguments.json:
        write_line({**record, "active": False, "removed": True})
    else:
        print(f"{name}@{version} is deleted.")
    return 0


def _tell(arguments: argparse.Namespace, registry: Registry, card: ModelCard, happened: str) -> int:
    if arguments.json:
        write_line(card_record(registry, card))
    else:
        print(f"{card.label} ({card.task}) {happened}.")
    return 0


def _name_and_version(written: str) -> tuple[str, str]:
    name, at, version = written.partition("@")
    if not (name and at and version):
        message = f"Write the model as NAME@VERSION, not {written!r}; models list shows them."
        raise ModelError(message)
    return name, version


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "".join(f"\n  {key}: {_shown(entry)}" for key, entry in value.items()) or "none"
    if isinstance(value, list | tuple):
        return f"{len(value)}: {', '.join(map(str, value))}"
    return str(value)
