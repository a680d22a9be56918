from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from desktop_assistant.cli.main import build_parser, main
from desktop_assistant.cli.training import training_arguments
from desktop_assistant.inference.registry import ModelCard, Registry, read_card
from desktop_assistant.paths import pack_dir, user_paths
from desktop_assistant.training.arguments import DataFile, TrainingArguments
from tests.cli.test_models import make_model

if TYPE_CHECKING:
    from tests.cli.desk import ScriptedEngine

    Captured = pytest.CaptureFixture[str]


def test_what_is_not_said_keeps_its_default() -> None:
    parsed = build_parser().parse_args(["train", "reply", "--data", "a", "b@9", "--out", "o"])

    described = training_arguments(parsed)

    assert described == TrainingArguments(
        "reply", (DataFile(Path("a")), DataFile(Path("b"), rows=9)), Path("o")
    )


def test_every_option_reaches_the_run() -> None:
    options = {
        "--base": "m",
        "--method": "full",
        "--validation": "v@2x",
        "--validation-share": "0.2",
        "--epochs": "2.5",
        "--max-steps": "7",
        "--batch-size": "3",
        "--accumulation-steps": "4",
        "--learning-rate": "0.001",
        "--head-learning-rate": "0.01",
        "--lora-rank": "8",
        "--lora-alpha": "16",
        "--max-tokens": "64",
        "--evaluation-steps": "5",
        "--patience": "2",
        "--seed": "1",
        "--model-name": "mine",
        "--languages": "zh",
    }
    words = [word for pair in options.items() for word in pair]
    argv = ["train", "intent", "--data", "a", "--data", "b", "--out", "o", *words]

    described = training_arguments(build_parser().parse_args(argv))

    assert described == TrainingArguments(
        task="intent",
        data=(DataFile(Path("a")), DataFile(Path("b"))),
        out_dir=Path("o"),
        base="m",
        method="full",
        validation=(DataFile(Path("v"), repeat=2),),
        validation_share=0.2,
        epochs=2.5,
        max_steps=7,
        batch_size=3,
        accumulation_steps=4,
        learning_rate=0.001,
        head_learning_rate=0.01,
        lora_rank=8,
        lora_alpha=16,
        max_tokens=64,
        evaluation_steps=5,
        patience=2,
        seed=1,
        extra={"name": "mine", "languages": "zh"},
    )


def test_without_torch_train_names_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: Captured
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)

    status = main(["train", "intent", "--data", "x", "--out", str(tmp_path / "out")])

    err = capfd.readouterr().err
    assert status == 2
    assert "pip install 'desktop-assistant[training]'" in err
    assert err.count("\n") == 1


@dataclass(frozen=True)
class Trained:
    """What a run reports: the card of a folder that is ready to install, and numbers."""

    card: ModelCard
    metrics: dict[str, float]


Runs = list[tuple[TrainingArguments, Path | None]]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Runs:
    """The runs that were asked for, in place of training."""
    asked: Runs = []
    card = read_card(make_model(tmp_path / "trained", "1.1.0"))

    def train(
        arguments: TrainingArguments, _registry: Registry, pack_folder: Path | None
    ) -> Trained:
        asked.append((arguments, pack_folder))
        return Trained(card, {"accuracy": 0.75})

    commands = ModuleType("desktop_assistant.training.commands")
    vars(commands)["train"] = train
    monkeypatch.setitem(sys.modules, commands.__name__, commands)
    monkeypatch.setattr("desktop_assistant.cli.training.find_spec", lambda _: object())
    return asked


def test_train_tells_what_came_of_it(runs: Runs, capfd: Captured) -> None:
    status = main(["train", "intent", "--data", "a", "--out", "o", "--json"])

    assert status == 0
    [(described, pack_folder)] = runs
    assert (described.task, pack_folder) == ("intent", None)
    told = json.loads(capfd.readouterr().out)
    assert told["metrics"] == {"accuracy": 0.75}
    assert (told["model"], told["installed"]) == ("tiny@1.1.0", False)


def test_a_trained_model_is_installed_when_asked(runs: Runs, capfd: Captured) -> None:
    main(["train", "intent", "--data", "a", "--out", "o", "--install"])

    assert "models promote tiny@1.1.0" in capfd.readouterr().out
    assert (user_paths().models / "tiny" / "1.1.0" / "model.onnx").exists()


def test_a_pack_brings_its_taxonomy(runs: Runs, capfd: Captured) -> None:
    main(["train", "understanding", "--data", "a", "--out", "o", "--pack", "online_shop"])

    assert runs[0][1] == pack_dir("online_shop")


def test_an_odd_share_is_refused(capfd: Captured) -> None:
    argv = ["train", "intent", "--data", "x", "--out", "o", "--validation-share", "0.9"]

    assert main(argv) == 2
    assert "between 0 and 0.5" in capfd.readouterr().err


@pytest.fixture
def intents(tmp_path: Path) -> Path:
    rows = [
        {"text": "my order", "label": "order_status"},
        {"text": "order no", "label": "refund"},
        {"text": "钱", "label": "refund"},
    ]
    path = tmp_path / "intents.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_evaluate_answers_in_json(engine: ScriptedEngine, intents: Path, capfd: Captured) -> None:
    status = main(["evaluate", "intent", str(intents), "--json"])

    report = json.loads(capfd.readouterr().out)
    assert status == 0
    assert report["rows"] == 3
    assert report["metrics"]["accuracy"]["value"] == pytest.approx(2 / 3, abs=1e-3)
    assert report["models"] == ["tiny@1.0.0"]


def test_evaluate_prints_a_table_with_intervals(
    engine: ScriptedEngine, intents: Path, capfd: Captured
) -> None:
    main(["evaluate", "intent", str(intents)])

    told = capfd.readouterr().out
    assert "95 % interval" in told
    assert "zh accuracy" in told


def test_evaluate_refuses_a_file_of_another_kind(
    engine: ScriptedEngine, intents: Path, capfd: Captured
) -> None:
    assert main(["evaluate", "completion", str(intents)]) == 2
    assert "line 1" in capfd.readouterr().err
