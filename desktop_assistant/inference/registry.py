"""Which models there are, whether they are what they claim to be, and which one is active.

A model is a folder ``<name>/<version>/`` with ``model_card.toml``. Shipped models are never
written to; the user's own lie beside the database, and ``active.toml`` there says for each task
which version is used, with the versions that were used before it for going back.
"""

from __future__ import annotations

import hashlib
import math
import re
import shutil
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli_w

from desktop_assistant.errors import ModelError

if TYPE_CHECKING:
    import builtins

CARD = "model_card.toml"
TASKS = ("understanding", "reply")
ALLOWED_SUFFIXES = frozenset({".onnx", ".json", ".toml", ".npz", ".txt", ".md", ".data"})
"""What a model folder may hold: graphs, tokenizers and numbers, nothing that runs by itself."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_VERSION = re.compile(r"\d{1,9}\.\d{1,9}\.\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What is known of a model. ``files`` maps file names to SHA-256 in hexadecimal.

    ``labels`` maps a head to its labels in the order of the logits; ``calibration`` maps a head
    to a temperature per language; ``raw`` is the whole card.
    """

    name: str
    version: str
    task: str
    folder: Path
    base: str
    licence: str
    files: dict[str, str]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    calibration: dict[str, dict[str, float]] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict, repr=False)
    is_shipped: bool = False

    @property
    def label(self) -> str:
        """``name@version``, as commands and the database write it."""
        return f"{self.name}@{self.version}"

    @property
    def order(self) -> tuple[int, ...]:
        return tuple(int(part) for part in self.version.split("."))

    @property
    def size_bytes(self) -> int:
        return sum((self.folder / name).stat().st_size for name in self.files)


def read_card(folder: Path, *, is_shipped: bool = False) -> ModelCard:
    """Read a folder's card. Raises: ModelError if it is missing, malformed or names odd files."""
    path = folder / CARD
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
        card = ModelCard(
            name=str(raw["name"]),
            version=str(raw["version"]),
            task=str(raw["task"]),
            folder=folder,
            base=str(raw["base"]["name"]),
            licence=str(raw["licence"]),
            files={str(name): str(digest) for name, digest in raw["files"].items()},
            inputs=tuple(raw["inputs"]),
            outputs=tuple(raw["outputs"]),
            labels={head: tuple(labels) for head, labels in raw.get("labels", {}).items()},
            calibration={
                head: {str(lang): _temperature(value) for lang, value in by_language.items()}
                for head, by_language in raw.get("calibration", {}).items()
            },
            metrics=raw.get("metrics", {}),
            raw=raw,
            is_shipped=is_shipped,
        )
    except FileNotFoundError as exc:
        message = f"{folder} is not a model: it has no {CARD}."
        raise ModelError(message) from exc
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        message = f"The model card {path} cannot be used: {exc!r}"
        raise ModelError(message) from exc
    _check_names(card)
    return card


def _temperature(value: object) -> float:
    if not isinstance(value, int | float) or not 0 < value < math.inf:
        message = f"the temperature {value!r} is not a number above 0"
        raise ValueError(message)
    return float(value)


def _check_names(card: ModelCard) -> None:
    if not _NAME.fullmatch(card.name) or not _VERSION.fullmatch(card.version):
        message = f"The card in {card.folder} has an unusable name or version: {card.label}."
        raise ModelError(message)
    for name in card.files:
        if Path(name).name != name or Path(name).suffix not in ALLOWED_SUFFIXES:
            message = f"The model {card.label} names the file {name!r}, which is not allowed."
            raise ModelError(message)
    if not any(name.endswith(".onnx") for name in card.files):
        message = f"The model {card.label} names no .onnx file."
        raise ModelError(message)


def verified_bytes(card: ModelCard, name: str) -> bytes:
    """Read a file of a model, and only if it is the one that the card was written for.

    What was checked is what is returned: the file is not opened a second time.

    Raises: ModelError if the card does not name it, or it is missing or damaged.
    """
    if name not in card.files:
        message = f"The model {card.label} has no {name}. Install it again."
        raise ModelError(message)
    try:
        content = (card.folder / name).read_bytes()
    except OSError as exc:
        message = f"{name} of the model {card.label} cannot be read. Install the model again."
        raise ModelError(message) from exc
    if hashlib.sha256(content).hexdigest() != card.files[name]:
        message = (
            f"{name} of the model {card.label} is damaged or was changed: it does not match its "
            "card. Install the model again or roll back."
        )
        raise ModelError(message)
    return content


def _check_state(state: dict[str, Any]) -> None:
    active, history = state.get("active", {}), state.get("history", {})
    if not isinstance(active, dict) or not all(isinstance(one, str) for one in active.values()):
        message = "active is not a table of models"
        raise ValueError(message)
    if not isinstance(history, dict) or not all(isinstance(one, list) for one in history.values()):
        message = "history is not a table of lists"
        raise ValueError(message)


class Registry:
    """The models of this machine.

    Args:
        shipped: the folder that came with the program.
        own: the user's folder, created when something is first written to it.
    """

    def __init__(self, shipped: Path, own: Path) -> None:
        self._shipped = shipped
        self._own = own

    def list(self) -> builtins.list[ModelCard]:
        """All models with a readable card, by name, newest version first."""
        cards, _ = self._scan()
        return sorted(cards, key=lambda card: (card.name, tuple(-part for part in card.order)))

    def problems(self) -> builtins.list[str]:
        """A sentence for each folder that looks like a model and cannot be used."""
        return self._scan()[1]

    def active(self, task: str) -> ModelCard:
        """The model in use for a task: what was promoted, else the newest that was shipped.

        Raises: ModelError if there is none.
        """
        chosen = self._state().get("active", {}).get(task)
        if chosen:
            return self.find(chosen)
        shipped = [card for card in self.list() if card.task == task and card.is_shipped]
        if not shipped:
            message = (
                f"There is no model for {task} on this machine. Install one with 'models import'."
            )
            raise ModelError(message)
        return max(shipped, key=lambda card: card.order)

    def find(self, label: str) -> ModelCard:
        """The model ``NAME`` (newest version) or ``NAME@VERSION``. Raises: ModelError."""
        name, _, version = label.partition("@")
        found = [
            card
            for card in self.list()
            if card.name == name and (not version or card.version == version)
        ]
        if not found:
            known = ", ".join(card.label for card in self.list()) or "none"
            message = f"There is no model {label}. Installed: {known}."
            raise ModelError(message)
        return max(found, key=lambda card: card.order)

    def verify(self, card: ModelCard) -> None:
        """Check every file against the card. Raises: ModelError naming the first that differs."""
        for name in card.files:
            verified_bytes(card, name)

    def promote(self, name: str, version: str) -> ModelCard:
        """Make a version the active one of its task, after checking its files.

        Raises: ModelError.
        """
        card = self.find(f"{name}@{version}")
        self.verify(card)
        state = self._state()
        previous = self.active(card.task).label if self._has_active(card.task) else None
        if previous and previous != card.label:
            state.setdefault("history", {}).setdefault(card.task, []).append(previous)
        state.setdefault("active", {})[card.task] = card.label
        self._write_state(state)
        return card

    def rollback(self, name_or_task: str) -> ModelCard:
        """Go back to the version that was active before. Raises: ModelError if there was none."""
        task = self._task_of(name_or_task)
        state = self._state()
        history = state.get("history", {}).get(task, [])
        if not history:
            message = f"There is no earlier version of {name_or_task} to go back to."
            raise ModelError(message)
        card = self.find(history[-1])
        self.verify(card)
        history.pop()
        state.setdefault("active", {})[task] = card.label
        self._write_state(state)
        return card

    def import_model(self, folder: Path) -> ModelCard:
        """Copy a model folder in, after checking it. Raises: ModelError if it is not sound."""
        card = read_card(folder)
        self.verify(card)
        target = self._own / card.name / card.version
        if target.exists() or (self._shipped / card.name / card.version).exists():
            message = f"{card.label} is installed already. Give the new model another version."
            raise ModelError(message)
        fresh = target.with_name(f".{card.version}.new")
        try:
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)
            for name in (*card.files, CARD):
                shutil.copyfile(folder / name, fresh / name)
            fresh.rename(target)
        except OSError as exc:
            shutil.rmtree(fresh, ignore_errors=True)
            message = f"{card.label} cannot be copied to {target}: {exc.strerror}."
            raise ModelError(message) from exc
        return read_card(target)

    def remove(self, name: str, version: str) -> None:
        """Delete an own version that is not in use. Raises: ModelError."""
        card = self.find(f"{name}@{version}")
        if card.is_shipped:
            message = f"{card.label} came with the program and cannot be removed."
            raise ModelError(message)
        if self.active(card.task).label == card.label:
            message = f"{card.label} is in use. Roll back or promote another version first."
            raise ModelError(message)
        state = self._state()
        for earlier in state.get("history", {}).values():
            # Else going back would stop at a version that is no longer there.
            earlier[:] = [label for label in earlier if label != card.label]
        try:
            shutil.rmtree(card.folder)
        except OSError as exc:
            message = f"{card.label} cannot be removed from {card.folder}: {exc.strerror}."
            raise ModelError(message) from exc
        self._write_state(state)

    def next_version(self, name: str) -> str:
        """The version that a newly trained model of this name gets."""
        orders = [card.order for card in self.list() if card.name == name]
        major, minor, patch = max(orders, default=(0, 0, 0))
        return f"{major}.{minor}.{patch + 1}" if orders else "1.0.0"

    def _has_active(self, task: str) -> bool:
        try:
            self.active(task)
        except ModelError:
            return False
        return True

    def _task_of(self, name_or_task: str) -> str:
        if name_or_task in TASKS:
            return name_or_task
        return self.find(name_or_task).task

    def _scan(self) -> tuple[builtins.list[ModelCard], builtins.list[str]]:
        cards: builtins.list[ModelCard] = []
        problems: builtins.list[str] = []
        for root in (self._shipped, self._own):
            for path in sorted(root.glob(f"*/[!.]*/{CARD}")):
                try:
                    cards.append(read_card(path.parent, is_shipped=root == self._shipped))
                except ModelError as exc:
                    problems.append(str(exc))
        return cards, problems

    def _state(self) -> dict[str, Any]:
        path = self._own / "active.toml"
        try:
            state = tomllib.loads(path.read_text("utf-8"))
            _check_state(state)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as exc:
            message = f"{path} cannot be read ({exc}). Delete it to use the shipped models."
            raise ModelError(message) from exc
        return state

    def _write_state(self, state: dict[str, Any]) -> None:
        path = self._own / "active.toml"
        fresh = path.with_suffix(".new")
        try:
            self._own.mkdir(parents=True, exist_ok=True)
            fresh.write_text(tomli_w.dumps(state), "utf-8")
            fresh.replace(path)
        except OSError as exc:
            message = f"The choice of model cannot be saved in {path}: {exc.strerror}."
            raise ModelError(message) from exc
