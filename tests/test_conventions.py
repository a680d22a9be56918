"""What was agreed on and a machine can check: names, lengths, tests, documentation."""

from __future__ import annotations

import argparse
import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from desktop_assistant.cli.main import build_parser
from desktop_assistant.store.migrations import STEPS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "desktop_assistant"
TESTS = ROOT / "tests"

SAYS_NOTHING = re.compile(r"(^|_)(utils?|managers?|helpers?|common|misc|base|stuff|data\d)(_|$)")
LONGEST_FILE = 400
LONGEST_FUNCTION = 40
LONGER_FUNCTIONS = {
    # Declarations without a branch, one after the other.
    "desktop_assistant/cli/training.py::_add_train",
    # The tables of one step, which is never edited again.
    "desktop_assistant/store/migrations.py::m0002_create_decisions",
}

SOURCES = sorted(PACKAGE.rglob("*.py"))
EVERYTHING = [*SOURCES, *sorted(TESTS.rglob("*.py")), *sorted((ROOT / "packaging").rglob("*.py"))]


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def commands(parser: argparse.ArgumentParser, before: str = "") -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                words = f"{before} {name}".strip()
                yield from list(commands(inner, words)) or [words]


def test_no_module_has_a_name_that_says_nothing() -> None:
    found = [shown(path) for path in EVERYTHING if SAYS_NOTHING.search(path.stem)]

    assert found == [
        "desktop_assistant/training/base_weights.py",
        "tests/training/test_base_weights.py",
    ]


def test_no_function_or_class_has_a_name_that_says_nothing() -> None:
    found = [
        f"{shown(path)}::{node.name}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and re.search(r"(?i)(utils?|manager|helper|misc)$", node.name)
    ]

    assert found == []


@pytest.mark.parametrize("path", SOURCES, ids=shown)
def test_a_file_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) < LONGEST_FILE


def test_a_function_fits_on_a_screen() -> None:
    longer = {
        f"{shown(path)}::{function.name}"
        for path in SOURCES
        for function in functions(path)
        if body_lines(function) > LONGEST_FUNCTION
    }

    assert longer <= LONGER_FUNCTIONS


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of what it does: neither signature nor docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return 1 + (body[-1].end_lineno or 0) - body[0].lineno if body else 0


def test_every_package_says_in_a_sentence_what_it_owns() -> None:
    silent = [
        shown(path) for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]

    assert silent == []


def test_every_migration_is_numbered_once_and_tested() -> None:
    names = [
        function.name
        for function in functions(PACKAGE / "store" / "migrations.py")
        if re.match(r"m\d{4}_", function.name)
    ]
    tests = (TESTS / "store" / "test_migrations.py").read_text("utf-8")

    assert [int(name[1:5]) for name in names] == list(range(1, len(names) + 1))
    assert [step.__name__ for step in STEPS] == names
    assert '@pytest.mark.parametrize("steps", range(1, len(STEPS)))' in tests


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")

    missing = [name for name in commands(build_parser()) if name.split()[0] not in readme]

    assert missing == []


def test_every_test_is_a_sentence() -> None:
    short = [
        f"{shown(path)}::{function.name}"
        for path in sorted(TESTS.rglob("test_*.py"))
        for function in functions(path)
        if function.name.startswith("test_") and function.name.count("_") < 2
    ]

    assert short == []


def test_every_module_with_logic_has_a_test_file() -> None:
    tested = {path.stem.removeprefix("test_") for path in TESTS.rglob("test_*.py")}
    rooms = ("inference", "training")
    exempt = {
        "__init__",
        "engine",  # a protocol
        "prompt",  # reply_writer and dataset
        "loop",  # reply and understanding
        "fuse",  # to_onnx and parity
        "quantise",  # to_onnx and parity
        "typing_simulation",  # evaluation
        "understanding_model",  # understanding
    }

    untested = (
        {path.stem for room in rooms for path in (PACKAGE / room).glob("*.py")} - tested - exempt
    )

    assert untested == set()
