"""Proofs in fresh processes: what is loaded, and that nothing looks for a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from desktop_assistant.inference.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tiny_models import TinyReply, TinyUnderstanding

TORCH_FAMILY = ("torch", "transformers", "peft", "optimum", "datasets", "accelerate", "onnx")
QT = ("PySide6", "shiboken6")

GUARDED = """
import os, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked}:
            raise ImportError(f"{{name}} is not to be imported here")

sys.meta_path.insert(0, Refuse())

def watch(event, arguments):
    if event in ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname"):
        os.write(2, f"network: {{event}}\\n".encode())
        os._exit(99)

sys.addaudithook(watch)
"""


def run(
    code: str,
    blocked: tuple[str, ...] = (),
    stdin: str = "",
    home: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run ``code`` in a fresh Python that cannot import ``blocked`` or reach a network."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    if home is not None:
        environment["DESKTOP_ASSISTANT_HOME"] = str(home)
    return subprocess.run(
        [sys.executable, "-c", GUARDED.format(blocked=set(blocked)) + code],
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment,
        timeout=120,
        check=False,
    )


def loaded_by(module: str) -> set[str]:
    """Top-level packages in memory after importing ``module``."""
    done = run(f"import {module}, json; print(json.dumps(sorted(sys.modules)))")
    assert done.returncode == 0, done.stderr
    return {name.split(".")[0] for name in json.loads(done.stdout)}


def run_command(
    *words: str, home: Path, stdin: str = ""
) -> tuple[subprocess.CompletedProcess[str], list[dict[str, object]]]:
    code = f"from desktop_assistant.cli.main import main; sys.exit(main({list(words)!r}))"
    done = run(code, (*QT, *TORCH_FAMILY), stdin, home)
    lines = done.stdout.splitlines() if stdin or "--json" in words else []
    return done, [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def home_with_models(
    tmp_path_factory: pytest.TempPathFactory,
    tiny_reply: TinyReply,
    tiny_understanding: TinyUnderstanding,
) -> Path:
    home = tmp_path_factory.mktemp("home")
    registry = Registry(home / "nothing-shipped", home / "models")
    for card in (tiny_reply.card, tiny_understanding.card):
        registry.import_model(card.folder)
        registry.promote(card.name, card.version)
    return home


def test_the_package_itself_loads_nothing_heavy() -> None:
    assert not {"numpy", "onnxruntime", "sqlite3", *QT, *TORCH_FAMILY} & loaded_by(
        "desktop_assistant"
    )


def test_the_engine_loads_neither_torch_nor_qt_nor_sqlite() -> None:
    loaded = loaded_by("desktop_assistant.inference.assembly")

    assert "onnxruntime" in loaded
    assert not {*QT, *TORCH_FAMILY, "sqlite3", "sqlite_utils"} & loaded


def test_the_store_loads_neither_models_nor_qt() -> None:
    loaded = loaded_by("desktop_assistant.store.database")

    # sqlite-utils takes numpy along where it is installed.
    assert not {"onnxruntime", "tokenizers", *QT, *TORCH_FAMILY} & loaded


def test_the_command_line_loads_neither_torch_nor_qt() -> None:
    assert not {*QT, *TORCH_FAMILY} & loaded_by("desktop_assistant.cli.main")


def test_the_entry_point_works_without_qt_and_torch(tmp_path: Path) -> None:
    code = "from desktop_assistant.__main__ import main; sys.argv[1:] = ['--version']; main()"

    done = run(code, (*QT, *TORCH_FAMILY), home=tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("desktop-assistant ")


def test_a_command_that_needs_no_model_works_alone(tmp_path: Path) -> None:
    done, answers = run_command(
        "redact", home=tmp_path, stdin='{"id": 1, "text": "Mail a@b.example"}\n'
    )

    assert done.returncode == 0, done.stderr
    assert answers[0]["id"] == 1
    assert "a@b.example" not in str(answers[0]["text"])


@pytest.mark.training
@pytest.mark.parametrize(
    ("command", "line", "key"),
    [
        ("analyse", {"text": "Where is my order?"}, "intent"),
        ("suggest", {"turns": [{"role": "customer", "text": "Where is my order?"}]}, "suggestions"),
        (
            "complete",
            {
                "turns": [{"role": "customer", "text": "Where is my order?"}],
                "draft": "I will check",
            },
            "completion",
        ),
        ("search", {"query": "return an item"}, "hits"),
    ],
)
def test_commands_that_infer_need_neither_torch_nor_qt_nor_a_network(
    home_with_models: Path, command: str, line: dict[str, object], key: str
) -> None:
    text = json.dumps({"id": "a", **line})

    done, answers = run_command(command, home=home_with_models, stdin=f"{text}\n{text}\n")

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert [answer["id"] for answer in answers] == ["a", "a"]
    assert all(key in answer and "error" not in answer for answer in answers)


@pytest.mark.training
@pytest.mark.parametrize("words", [("doctor", "--json"), ("models", "list")])
def test_commands_about_the_machine_need_neither_torch_nor_qt_nor_a_network(
    home_with_models: Path, words: tuple[str, ...]
) -> None:
    done, _ = run_command(*words, home=home_with_models)

    assert done.returncode in {0, 1}, done.stderr
    assert "network" not in done.stderr
    assert "Traceback" not in done.stderr


def test_the_guard_of_these_tests_notices_a_connection() -> None:
    done = run("import socket; socket.getaddrinfo('localhost', 80)")

    assert done.returncode == 99
    assert "network: socket.getaddrinfo" in done.stderr
