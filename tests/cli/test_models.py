from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from desktop_assistant.cli import doctor, opening
from desktop_assistant.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

    Captured = pytest.CaptureFixture[str]


def make_model(folder: Path, version: str, content: bytes = b"graph") -> Path:
    """A folder that passes for a model: its file is a few bytes, its card is right."""
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(content)
    (folder / "model_card.toml").write_text(
        f'name = "tiny"\nversion = "{version}"\ntask = "understanding"\nlicence = "MIT"\n'
        'inputs = ["input_ids"]\noutputs = ["intent_logits"]\n'
        '[base]\nname = "none"\n[labels]\nintent = ["refund", "订单"]\n'
        f'[files]\n"model.onnx" = "{hashlib.sha256(content).hexdigest()}"\n'
        "[metrics]\naccuracy = 0.5\n"
    )
    return folder


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of shipped models, with one in it."""
    folder = tmp_path / "shipped"
    make_model(folder / "tiny" / "1.0.0", "1.0.0")
    for module in (opening, doctor):
        monkeypatch.setattr(module, "models_dir", lambda: folder)
    return folder


def answer(capfd: Captured, *argv: str) -> Any:
    assert main(["models", *argv, "--json"]) == 0
    return json.loads(capfd.readouterr().out)


def test_list_says_which_version_is_active(shipped: Path, tmp_path: Path, capfd: Captured) -> None:
    answer(capfd, "import", str(make_model(tmp_path / "new", "1.1.0")))

    listed = answer(capfd, "list")

    assert [(one["version"], one["active"]) for one in listed] == [
        ("1.1.0", False),
        ("1.0.0", True),
    ]
    assert listed[0]["size_bytes"] == 5


def test_list_for_people_names_model_and_task(shipped: Path, capfd: Captured) -> None:
    main(["models", "list"])

    assert "tiny@1.0.0  understanding" in capfd.readouterr().out


def test_show_tells_the_whole_card(shipped: Path, capfd: Captured) -> None:
    shown = answer(capfd, "show", "tiny")
    main(["models", "show", "tiny@1.0.0"])

    assert shown["labels"] == {"intent": ["refund", "订单"]}
    assert shown["metrics"] == {"accuracy": 0.5}
    assert "intent: 2: refund, 订单" in capfd.readouterr().out


def test_promoting_and_rolling_back_changes_what_is_active(
    shipped: Path, tmp_path: Path, capfd: Captured
) -> None:
    answer(capfd, "import", str(make_model(tmp_path / "new", "1.1.0")))

    promoted = answer(capfd, "promote", "tiny@1.1.0")
    returned = answer(capfd, "rollback", "tiny")

    assert (promoted["version"], promoted["active"]) == ("1.1.0", True)
    assert (returned["version"], returned["active"]) == ("1.0.0", True)


def test_a_damaged_model_is_told_by_status_1(shipped: Path, capfd: Captured) -> None:
    (shipped / "tiny" / "1.0.0" / "model.onnx").write_bytes(b"other")

    status = main(["models", "verify", "--json"])

    [verdict] = json.loads(capfd.readouterr().out)
    assert status == 1
    assert verdict["model"] == "tiny@1.0.0"
    assert verdict["ok"] is False
    assert "damaged" in verdict["problem"]


def test_a_card_that_cannot_be_read_is_told_by_verify(shipped: Path, capfd: Captured) -> None:
    (shipped / "odd" / "1.0.0").mkdir(parents=True)
    (shipped / "odd" / "1.0.0" / "model_card.toml").write_text("name = ")

    status = main(["models", "verify"])

    told = capfd.readouterr().out
    assert status == 1
    assert "tiny@1.0.0: intact" in told
    assert "odd" in told


def test_an_own_version_can_be_removed(shipped: Path, tmp_path: Path, capfd: Captured) -> None:
    answer(capfd, "import", str(make_model(tmp_path / "new", "1.1.0")))

    removed = answer(capfd, "remove", "tiny@1.1.0")

    assert removed["removed"] is True
    assert [one["version"] for one in answer(capfd, "list")] == ["1.0.0"]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["show", "none"], "There is no model none"),
        (["promote", "tiny"], "NAME@VERSION"),
        (["promote", "tiny@9.9.9"], "There is no model tiny@9.9.9"),
        (["rollback", "tiny"], "no earlier version"),
        (["remove", "tiny@1.0.0"], "came with the program"),
        (["import", "nowhere"], "not a model"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    shipped: Path, argv: list[str], said: str, capfd: Captured
) -> None:
    status = main(["models", *argv])

    out, err = capfd.readouterr()
    assert status == 2
    assert out == ""
    assert said in err
    assert err.count("\n") == 1
