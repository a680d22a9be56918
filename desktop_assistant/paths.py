"""The folders: what ships with the program, and what belongs to the user.

This is the one module that knows them, in a checkout, in an installed wheel and in the packaged
program.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_data_path

HOME_VARIABLE = "DESKTOP_ASSISTANT_HOME"
_PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class UserPaths:
    """Everything below the user's own folder. Nothing is created by asking for a path."""

    home: Path

    @property
    def database(self) -> Path:
        return self.home / "assistant.sqlite"

    @property
    def settings(self) -> Path:
        return self.home / "settings.toml"

    @property
    def models(self) -> Path:
        """Models that were trained or imported here, and which version is active."""
        return self.home / "models"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def cache(self) -> Path:
        return self.home / "cache"


def user_paths(home: str | None = None) -> UserPaths:
    """The user's folder: ``home``, else ``DESKTOP_ASSISTANT_HOME``, else the platform's own."""
    chosen = home or os.environ.get(HOME_VARIABLE)
    if chosen:
        return UserPaths(Path(chosen).expanduser().resolve())
    return UserPaths(user_data_path("desktop-assistant", appauthor=False))


def resources_dir() -> Path:
    """The folder ``resources/`` that came with the program."""
    return _shipped("resources")


def models_dir() -> Path:
    """The folder ``models/`` that came with the program."""
    return _shipped("models")


def pack_dir(name: str = "online_shop") -> Path:
    """The folder of a domain pack that came with the program."""
    return resources_dir() / "packs" / name


def _shipped(folder: str) -> Path:
    bundled = getattr(sys, "_MEIPASS", None)
    if bundled:
        return Path(bundled) / folder
    inside_wheel = _PACKAGE / "_shipped" / folder
    return inside_wheel if inside_wheel.is_dir() else _PACKAGE.parent / folder
