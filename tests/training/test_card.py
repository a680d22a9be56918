from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_assistant.errors import ModelError
from desktop_assistant.inference.registry import verified_bytes
from desktop_assistant.training.card import amend_card
from tests.tiny_models import write_doubling

if TYPE_CHECKING:
    from pathlib import Path


def test_a_card_lists_every_file_with_its_hash(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("about")

    card = write_doubling(tmp_path)

    assert set(card.files) == {"model.onnx", "README.md"}
    assert verified_bytes(card, "README.md") == b"about"


@pytest.mark.parametrize("name", ["code.py", "weights.bin", "model.so"])
def test_a_foreign_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")

    with pytest.raises(ModelError, match=name):
        write_doubling(tmp_path)


def test_an_amended_card_keeps_the_rest_and_takes_hashes_anew(tmp_path: Path) -> None:
    card = write_doubling(tmp_path, languages=["en"])
    (tmp_path / "notes.txt").write_text("new")

    amended = amend_card(card, {"parity": {"cosine": 1.0}})

    assert amended.raw["languages"] == ["en"]
    assert amended.raw["parity"] == {"cosine": 1.0}
    assert set(amended.files) == {"model.onnx", "notes.txt"}
