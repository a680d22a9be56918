"""Makes a model folder out of exported files: the card that says what it is, and its hashes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import tomli_w

from desktop_assistant.errors import ModelError
from desktop_assistant.inference.registry import (
    ALLOWED_SUFFIXES,
    CARD,
    ModelCard,
    read_card,
)
from desktop_assistant.training.base_weights import file_sha256

if TYPE_CHECKING:
    from pathlib import Path

SIZE_LIMIT_BYTES = 99_000_000
"""What one file of a repository may weigh; told, not enforced, for models made at home."""


def write_card(folder: Path, about: dict[str, Any]) -> ModelCard:
    """Write ``model_card.toml`` with ``about`` and the hashes of all files in ``folder``.

    ``about`` holds at least name, version, task, licence, base, inputs and outputs.

    Raises: ModelError if the folder holds a file that a model may not have.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != CARD)
    foreign = [path.name for path in files if path.suffix not in ALLOWED_SUFFIXES]
    if foreign:
        message = f"{folder} holds files that are no part of a model: {', '.join(foreign)}."
        raise ModelError(message)
    raw = {
        **about,
        "created": datetime.now(UTC).date().isoformat(),
        "files": {path.name: file_sha256(path) for path in files},
    }
    (folder / CARD).write_text(tomli_w.dumps(raw, multiline_strings=True), "utf-8")
    return read_card(folder)


def amend_card(card: ModelCard, changes: dict[str, Any]) -> ModelCard:
    """Write a card again with more in it; hashes are taken anew."""
    about = {name: value for name, value in card.raw.items() if name not in {"files", "created"}}
    return write_card(card.folder, {**about, **changes})
