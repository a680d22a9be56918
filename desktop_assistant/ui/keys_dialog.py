"""The keys of the window, to look up with F1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QVBoxLayout, QWidget

from desktop_assistant.ui.labels import plain_label

if TYPE_CHECKING:
    from collections.abc import Sequence


class KeysDialog(QDialog):
    """Two columns: the keys, and what they do."""

    def __init__(self, keys: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        """``keys`` are (portable key sequence, what it does) pairs."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keys"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(7)
        for place, (sequence, meaning) in enumerate(keys):
            key = plain_label("key", self)
            key.setText(native_keys(sequence))
            text = plain_label("body", self)
            text.setText(meaning)
            row, column = divmod(place, 2)
            grid.addWidget(key, row, column * 2, Qt.AlignmentFlag.AlignLeft)
            grid.addWidget(text, row, column * 2 + 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(16)
        layout.addLayout(grid)
        layout.addWidget(buttons)


def native_keys(sequence: str) -> str:
    """A key sequence as this platform writes it; ranges such as ``Alt+1…3`` stay as they are."""
    native = QKeySequence(sequence).toString(QKeySequence.SequenceFormat.NativeText)
    return sequence if "…" in sequence or not native else native
