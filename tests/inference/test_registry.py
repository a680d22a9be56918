from __future__ import annotations

import shutil
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
import tomli_w

from desktop_assistant.errors import ModelError
from desktop_assistant.inference.registry import CARD, Registry, read_card, verified_bytes
from tests.tiny_models import write_doubling

if TYPE_CHECKING:
    from pathlib import Path


def shipped_model(tmp_path: Path, version: str = "1.0.0", name: str = "doubling") -> Path:
    folder = tmp_path / "shipped" / name / version
    write_doubling(folder, name=name, version=version)
    return folder


def made_model(tmp_path: Path, version: str, **about: Any) -> Path:
    folder = tmp_path / "made" / version
    write_doubling(folder, version=version, **about)
    return folder


def change_card(folder: Path, **changes: Any) -> None:
    raw = tomllib.loads((folder / CARD).read_text())
    (folder / CARD).write_text(tomli_w.dumps({**raw, **changes}))


def test_a_changed_file_is_never_handed_out(tmp_path: Path, registry: Registry) -> None:
    folder = shipped_model(tmp_path)
    (folder / "model.onnx").write_bytes(b"another graph")

    card = registry.find("doubling")

    with pytest.raises(ModelError, match="damaged or was changed"):
        verified_bytes(card, "model.onnx")
    with pytest.raises(ModelError, match="damaged or was changed"):
        registry.promote("doubling", "1.0.0")


def test_a_missing_file_is_told_with_what_to_do(tmp_path: Path, registry: Registry) -> None:
    folder = shipped_model(tmp_path)
    (folder / "model.onnx").unlink()

    with pytest.raises(ModelError, match="Install the model again"):
        registry.verify(registry.find("doubling"))


def test_a_file_that_the_card_does_not_name_is_not_read(tmp_path: Path, registry: Registry) -> None:
    folder = shipped_model(tmp_path)
    (folder / "tokenizer.json").write_text("{}")

    with pytest.raises(ModelError, match=r"has no tokenizer\.json"):
        verified_bytes(registry.find("doubling"), "tokenizer.json")


@pytest.mark.parametrize(
    "name",
    [
        "../secret.json",
        "/etc/passwd.json",
        "sub/model.onnx",
        "model.py",
        "model.so",
        "model.pkl",
        "model",
        "..",
        ".",
        "",
        ".json",
    ],
)
def test_odd_file_names_in_a_card_are_refused(tmp_path: Path, name: str) -> None:
    folder = shipped_model(tmp_path)
    change_card(folder, files={"model.onnx": "0" * 64, name: "0" * 64})

    with pytest.raises(ModelError, match="not allowed"):
        read_card(folder)


@pytest.mark.parametrize("name", ["..", "a/b", "../../up", "Model", "", "x" * 65, "name\n", "-rf"])
def test_odd_model_names_are_refused(tmp_path: Path, name: str) -> None:
    folder = shipped_model(tmp_path)
    change_card(folder, name=name)

    with pytest.raises(ModelError, match="unusable name or version"):
        read_card(folder)


@pytest.mark.parametrize("version", ["1", "1.0", "1.0.0-rc", "../1.0.0", "1.0.0\n", "१.०.०"])
def test_odd_versions_are_refused(tmp_path: Path, version: str) -> None:
    folder = shipped_model(tmp_path)
    change_card(folder, version=version)

    with pytest.raises(ModelError, match="unusable name or version"):
        read_card(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"files": {"notes.txt": "0" * 64}},
        {"files": ["model.onnx"]},
        {"base": "none"},
        {"labels": ["a"]},
        {"calibration": {"intent": {"en": 0.0}}},
        {"calibration": {"intent": {"en": "warm"}}},
        {"calibration": "high"},
        {"inputs": 3},
    ],
)
def test_cards_of_another_form_are_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    folder = shipped_model(tmp_path)
    change_card(folder, **changes)

    with pytest.raises(ModelError):
        read_card(folder)


@pytest.mark.parametrize("content", [b"name = ", b"\xff\xfe", b"", b"a = " + b"[" * 5000])
def test_damaged_cards_are_listed_as_problems_and_harm_no_other_model(
    tmp_path: Path, registry: Registry, content: bytes
) -> None:
    shipped_model(tmp_path, "1.0.0")
    damaged = shipped_model(tmp_path, "2.0.0")
    (damaged / CARD).write_bytes(content)

    labels = [card.label for card in registry.list()]

    assert labels == ["doubling@1.0.0"]
    assert len(registry.problems()) == 1
    assert "2.0.0" in registry.problems()[0]


def test_a_folder_without_a_card_is_not_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is not a model"):
        read_card(tmp_path)


def test_models_are_listed_by_name_and_newest_first(tmp_path: Path, registry: Registry) -> None:
    for version in ("1.9.0", "1.10.0"):
        shipped_model(tmp_path, version)
    shipped_model(tmp_path, "1.0.0", "another")

    labels = [card.label for card in registry.list()]

    assert labels == ["another@1.0.0", "doubling@1.10.0", "doubling@1.9.0"]


def test_the_newest_shipped_model_is_active_until_one_is_promoted(
    tmp_path: Path, registry: Registry
) -> None:
    shipped_model(tmp_path, "1.0.0")
    shipped_model(tmp_path, "1.1.0")
    registry.import_model(made_model(tmp_path, "3.0.0"))

    before = registry.active("understanding").label
    registry.promote("doubling", "3.0.0")

    assert before == "doubling@1.1.0"
    assert registry.active("understanding").label == "doubling@3.0.0"


def test_rollback_goes_back_step_by_step_and_then_says_that_there_is_no_more(
    tmp_path: Path, registry: Registry
) -> None:
    shipped_model(tmp_path, "1.0.0")
    for version in ("2.0.0", "3.0.0"):
        registry.import_model(made_model(tmp_path, version))
        registry.promote("doubling", version)

    steps = [registry.rollback("understanding").label, registry.rollback("doubling").label]

    assert steps == ["doubling@2.0.0", "doubling@1.0.0"]
    with pytest.raises(ModelError, match="no earlier version"):
        registry.rollback("understanding")


def test_rollback_refuses_a_damaged_version_and_changes_nothing(
    tmp_path: Path, registry: Registry
) -> None:
    folder = shipped_model(tmp_path, "1.0.0")
    registry.import_model(made_model(tmp_path, "2.0.0"))
    registry.promote("doubling", "2.0.0")
    (folder / "model.onnx").write_bytes(b"x")

    with pytest.raises(ModelError):
        registry.rollback("understanding")

    assert registry.active("understanding").label == "doubling@2.0.0"


def test_promoting_the_active_version_again_leaves_no_step_to_go_back(
    tmp_path: Path, registry: Registry
) -> None:
    shipped_model(tmp_path, "1.0.0")

    registry.promote("doubling", "1.0.0")
    registry.promote("doubling", "1.0.0")

    with pytest.raises(ModelError, match="no earlier version"):
        registry.rollback("understanding")


def test_an_imported_model_is_a_copy_of_its_own(tmp_path: Path, registry: Registry) -> None:
    made = made_model(tmp_path, "1.0.0")
    (made / "notes.py").write_text("print('not part of the model')")

    card = registry.import_model(made)
    shutil.rmtree(made)

    assert card.folder == tmp_path / "own" / "doubling" / "1.0.0"
    assert sorted(path.name for path in card.folder.iterdir()) == ["model.onnx", CARD]
    assert not card.is_shipped
    registry.verify(card)


def test_a_version_is_imported_once(tmp_path: Path, registry: Registry) -> None:
    shipped_model(tmp_path, "1.0.0")
    registry.import_model(made_model(tmp_path, "2.0.0"))

    for version in ("1.0.0", "2.0.0"):
        with pytest.raises(ModelError, match="installed already"):
            registry.import_model(made_model(tmp_path, version))


def test_a_damaged_model_is_not_imported(tmp_path: Path, registry: Registry) -> None:
    made = made_model(tmp_path, "1.0.0")
    (made / "model.onnx").write_bytes(b"x")

    with pytest.raises(ModelError, match="damaged"):
        registry.import_model(made)

    assert registry.list() == []


def test_shipped_and_active_models_are_not_removed(tmp_path: Path, registry: Registry) -> None:
    shipped_model(tmp_path, "1.0.0")
    registry.import_model(made_model(tmp_path, "2.0.0"))
    registry.promote("doubling", "2.0.0")

    with pytest.raises(ModelError, match="came with the program"):
        registry.remove("doubling", "1.0.0")
    with pytest.raises(ModelError, match="in use"):
        registry.remove("doubling", "2.0.0")


def test_rollback_steps_over_a_version_that_was_removed(tmp_path: Path, registry: Registry) -> None:
    shipped_model(tmp_path, "1.0.0")
    for version in ("2.0.0", "3.0.0"):
        registry.import_model(made_model(tmp_path, version))
        registry.promote("doubling", version)

    registry.remove("doubling", "2.0.0")

    assert not (tmp_path / "own" / "doubling" / "2.0.0").exists()
    assert registry.rollback("understanding").label == "doubling@1.0.0"


def test_without_any_model_the_sentence_says_how_to_get_one(registry: Registry) -> None:
    with pytest.raises(ModelError, match="models import"):
        registry.active("reply")
    with pytest.raises(ModelError, match="Installed: none"):
        registry.find("doubling")


@pytest.mark.parametrize("content", ["active = 3", "[active]\nreply = 3", "history = 1", "= x"])
def test_a_damaged_choice_of_models_is_told_with_what_to_do(
    tmp_path: Path, registry: Registry, content: str
) -> None:
    shipped_model(tmp_path)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "active.toml").write_text(content)

    with pytest.raises(ModelError, match="Delete it to use the shipped models"):
        registry.active("understanding")


def test_the_next_version_follows_the_newest_of_that_name(
    tmp_path: Path, registry: Registry
) -> None:
    shipped_model(tmp_path, "1.2.9")
    shipped_model(tmp_path, "1.10.3")

    assert registry.next_version("doubling") == "1.10.4"
    assert registry.next_version("new") == "1.0.0"


def test_size_counts_what_the_card_names(tmp_path: Path, registry: Registry) -> None:
    folder = shipped_model(tmp_path)
    (folder / "left_over.txt").write_text("x" * 1000)

    card = registry.find("doubling@1.0.0")

    assert card.size_bytes == (folder / "model.onnx").stat().st_size
