"""A small window with a search field, to choose one of many labels by mouse or keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from collections.abc import Sequence

_LIST_KEYS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class LabelPicker(QFrame):
    """Shows titles, filters them while one types, and says which label was chosen.

    ``picked`` carries the label itself; Esc or a click elsewhere closes without it.
    """

    picked = Signal(str)

    def __init__(
        self, choices: Sequence[tuple[str, str]], chosen: str, parent: QWidget | None = None
    ) -> None:
        """``choices`` are (label, title) pairs; ``chosen`` is the label to start on."""
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("picker")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.search = QLineEdit(self)
        self.search.setPlaceholderText(self.tr("Find a label"))
        self.search.setAccessibleName(self.tr("Find a label"))
        self.search.installEventFilter(self)
        self.list = QListWidget(self)
        self.list.setAccessibleName(self.tr("Labels"))
        self.list.setUniformItemSizes(True)
        for label, title in choices:
            item = QListWidgetItem(title, self.list)
            item.setData(Qt.ItemDataRole.UserRole, label)
            if label == chosen:
                self.list.setCurrentItem(item)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addWidget(self.search)
        layout.addWidget(self.list)
        self.resize(280, 340)
        self.search.textChanged.connect(self._filter)
        self.search.returnPressed.connect(self._pick_current)
        self.list.itemClicked.connect(self._pick)
        self.setFocusProxy(self.search)

    def open_below(self, widget: QWidget) -> None:
        """Show under ``widget``, moved in from the screen's edges."""
        spot = widget.mapToGlobal(QPoint(0, widget.height() + 4))
        screen = widget.screen().availableGeometry()
        spot.setX(max(screen.left(), min(spot.x(), screen.right() - self.width())))
        spot.setY(max(screen.top(), min(spot.y(), screen.bottom() - self.height())))
        self.move(spot)
        self.show()
        self.search.setFocus(Qt.FocusReason.PopupFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the arrow keys move in the list while the search field keeps the focus."""
        if (
            watched is self.search
            and event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.key() in _LIST_KEYS
        ):
            self.list.keyPressEvent(event)
            return True
        return super().eventFilter(watched, event)

    @Slot(str)
    def _filter(self, wanted: str) -> None:
        first = None
        for row in range(self.list.count()):
            item = self.list.item(row)
            label = str(item.data(Qt.ItemDataRole.UserRole)).replace("_", " ")
            is_hit = wanted.casefold() in f"{item.text()} {label}".casefold()
            item.setHidden(not is_hit)
            if is_hit and first is None:
                first = item
        if first is not None:
            self.list.setCurrentItem(first)

    @Slot()
    def _pick_current(self) -> None:
        item = self.list.currentItem()
        if item is not None and not item.isHidden():
            self._pick(item)

    def _pick(self, item: QListWidgetItem) -> None:
        self.picked.emit(str(item.data(Qt.ItemDataRole.UserRole)))
        self.close()
