from __future__ import annotations

import argparse
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from desktop_assistant.cli.main import build_parser, main
from desktop_assistant.errors import ModelError
from desktop_assistant.paths import UserPaths

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTRACT = {
    "analyse",
    "suggest",
    "complete",
    "search",
    "redact",
    "replay",
    "import knowledge",
    "import transcripts",
    "export",
    "train",
    "evaluate",
    "models list",
    "models show",
    "models verify",
    "models promote",
    "models rollback",
    "models import",
    "models remove",
    "benchmark",
    "doctor",
}


def commands(parser: argparse.ArgumentParser, before: str = "") -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, sub in action.choices.items():
                words = f"{before} {name}".strip()
                inner = list(commands(sub, words))
                yield from inner or [words]


def test_every_command_of_the_contract_is_there_and_no_other() -> None:
    assert set(commands(build_parser())) == CONTRACT


@pytest.mark.parametrize("command", ["", *sorted(CONTRACT)])
def test_every_command_explains_itself(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    status = main([*command.split(), "--help"])

    said = capfd.readouterr()
    assert status == 0
    assert said.err == ""
    assert "--home DIR" in said.out
    assert len(said.out.splitlines()) > 5


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["dance"], "invalid choice: 'dance'"),
        (["models"], "required"),
        (["models", "dance"], "invalid choice"),
        (["analyse", "--nonsense"], "--nonsense"),
        (["export", "parquet", "--out", "x"], "'sft', 'intent', 'sentiment'"),
        (["export", "sft"], "--out"),
        (["export", "sft", "--out", "x", "--since", "soon"], "--since"),
        (["train", "intent", "--out", "x"], "--data"),
        (["train", "poetry", "--data", "x", "--out", "y"], "invalid choice"),
        (["replay", "x", "--pace", "-1"], "--pace"),
        (["benchmark", "--rounds", "0"], "--rounds"),
    ],
)
def test_wrong_usage_is_one_sentence_and_status_2(
    argv: list[str], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    status = main(argv)

    out, err = capfd.readouterr()
    assert status == 2
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_without_a_command_the_window_opens_in_the_chosen_home(tmp_path: Path) -> None:
    opened: list[UserPaths] = []

    def open_window(paths: UserPaths) -> int:
        opened.append(paths)
        return 5

    status = main(["--home", str(tmp_path)], open_window)

    assert status == 5
    assert opened == [UserPaths(tmp_path.resolve())]


def test_without_a_command_and_a_window_the_help_is_shown(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 2
    assert "analyse" in capfd.readouterr().out


def test_home_is_understood_before_and_after_the_command(tmp_path: Path) -> None:
    parse = build_parser().parse_args

    assert parse(["--home", "a", "doctor"]).home == "a"
    assert parse(["doctor", "--home", "a"]).home == "a"
    assert parse(["models", "list", "--home", "a"]).home == "a"
    assert parse(["doctor"]).home is None


def test_an_unusable_model_is_one_sentence_and_status_2(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        message = "model.onnx is damaged.\nInstall the model again."
        raise ModelError(message)

    monkeypatch.setattr("desktop_assistant.cli.filters.open_desk", refuse)

    status = main(["analyse"])

    assert status == 2
    assert capfd.readouterr().err == (
        "desktop-assistant analyse: model.onnx is damaged. Install the model again.\n"
    )


def test_version_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capfd.readouterr().out.startswith("desktop-assistant ")


def test_nothing_heavy_is_imported_before_a_command_needs_it() -> None:
    heavy = "PySide6 torch transformers onnxruntime tokenizers numpy sqlite3 sqlite_utils"
    code = (
        "import sys; from desktop_assistant.cli.main import build_parser; build_parser(); "
        f"print(*(set('{heavy}'.split()) & set(sys.modules)))"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )

    assert loaded.stdout.strip() == ""
