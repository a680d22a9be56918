"""Notices that another model was made the active one, while the window is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Slot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from desktop_assistant.inference.engine import Engine, EngineStatus
    from desktop_assistant.ui.background import Background

SETTLE_MS = 300
"""Promoting writes more than one file; they are looked at once."""


class ModelWatch(QObject):
    """Watches the user's model folder and has the engine take up what was promoted.

    Args:
        folder: where ``active.toml`` lies; it must exist.
        engine: asked on its own thread.
        on_status: told what runs then, on the main thread.
    """

    def __init__(
        self,
        folder: Path,
        engine: Background[Engine],
        on_status: Callable[[EngineStatus], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._engine = engine
        self._on_status = on_status
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self._take_up)
        self._watcher = QFileSystemWatcher([str(folder)], self)
        self._watcher.directoryChanged.connect(self._notice)

    @Slot(str)
    def _notice(self, _folder: str) -> None:
        self._settle.start()

    @Slot()
    def _take_up(self) -> None:
        self._engine.ask(
            lambda engine, _: engine.take_up_active(), self._on_status, lane="take up models"
        )
