"""The left pane: who is waiting, in what mood, since when; and a search over all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop_assistant.ui.conversation_delegate import ConversationDelegate
from desktop_assistant.ui.conversation_model import (
    ROW_ROLE,
    ConversationFilter,
    ConversationModel,
    ConversationRow,
)
from desktop_assistant.ui.labels import plain_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_assistant.ui.theme import Theme


class ConversationList(QWidget):
    """``chosen`` carries the id of the conversation the agent went to."""

    chosen = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._current = ""
        self.setObjectName("conversations")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.title = plain_label("title", self)
        self.count = plain_label("muted", self)
        self.menu_button = QToolButton(self)
        self.menu_button.setProperty("look", "icon")
        self.menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.search = QLineEdit(self)
        self.search.setClearButtonEnabled(True)
        self.search.installEventFilter(self)
        self._icon_action = QAction(self)
        self.search.addAction(self._icon_action, QLineEdit.ActionPosition.LeadingPosition)
        self.model = ConversationModel(self)
        self.filter = ConversationFilter(self)
        self.filter.setSourceModel(self.model)
        self.view = QListView(self)
        self.view.setObjectName("conversationList")
        self.view.setModel(self.filter)
        self.view.setItemDelegate(ConversationDelegate(theme, self.view))
        self.view.setUniformItemSizes(True)
        self.view.setMouseTracking(True)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.nothing = plain_label("muted", self)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._lay_out()
        self.search.textChanged.connect(self._on_search)
        self.view.selectionModel().currentChanged.connect(self._on_current_changed)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self._retranslate()

    def show_rows(self, rows: Sequence[ConversationRow], current: str) -> None:
        """Show the open conversations, ``current`` (an id, or "") selected."""
        self._current = current
        self.model.show_rows(rows)
        self._select_current()
        self._retranslate()

    @property
    def shown_ids(self) -> tuple[str, ...]:
        """The ids that pass the search, top down."""
        return tuple(
            self.filter.index(place, 0).data(ROW_ROLE).conversation_id
            for place in range(self.filter.rowCount())
        )

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()
        super().changeEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """In the search field, Down goes to the list, Enter to its first row, Esc clears."""
        if (
            watched is self.search
            and event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and self._on_search_key(event.key())
        ):
            return True
        return super().eventFilter(watched, event)

    def _on_search_key(self, key: int) -> bool:
        if key == Qt.Key.Key_Down:
            self.view.setFocus()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.filter.rowCount():
            self.chosen.emit(self.shown_ids[0])
            self.search.clear()
        elif key == Qt.Key.Key_Escape:
            self.search.clear()
        else:
            return False
        return True

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(14, 0, 12, 0)
        head.addWidget(self.title)
        head.addStretch(1)
        head.addWidget(self.count)
        head.addWidget(self.menu_button)
        field = QHBoxLayout()
        field.setContentsMargins(14, 0, 14, 0)
        field.addWidget(self.search)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 11, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(head)
        layout.addLayout(field)
        layout.addWidget(self.nothing)
        layout.addWidget(self.view, 1)

    def _select_current(self) -> None:
        for place, conversation_id in enumerate(self.shown_ids):
            if conversation_id == self._current:
                self.view.setCurrentIndex(self.filter.index(place, 0))
                return
        self.view.selectionModel().clear()

    def _retranslate(self) -> None:
        self.title.setText(self.tr("Conversations"))
        self.count.setText(self.tr("{0} open").format(self.model.rowCount()))
        self.search.setPlaceholderText(self.tr("Search  (Ctrl+K)"))
        self.search.setAccessibleName(self.tr("Search the conversations"))
        self.view.setAccessibleName(self.tr("Open conversations"))
        self.menu_button.setAccessibleName(self.tr("Menu"))
        self.menu_button.setToolTip(self.tr("Menu (F10)"))
        found = self.filter.rowCount()
        is_empty = not self.model.rowCount()
        self.nothing.setText(
            self.tr("No open conversation") if is_empty else self.tr("Nothing found")
        )
        self.nothing.setVisible(not found)

    @Slot(str)
    def _on_search(self, text: str) -> None:
        self.filter.look_for(text)
        self._select_current()
        self._retranslate()

    @Slot(QModelIndex, QModelIndex)
    def _on_current_changed(self, index: QModelIndex, _before: QModelIndex) -> None:
        row = index.data(ROW_ROLE) if index.isValid() else None
        if isinstance(row, ConversationRow) and row.conversation_id != self._current:
            self._current = row.conversation_id
            self.chosen.emit(row.conversation_id)

    @Slot()
    def _on_theme_changed(self) -> None:
        muted = self._theme.colours.muted
        self.menu_button.setIcon(self._theme.icon("menu", muted, 18))
        self._icon_action.setIcon(self._theme.icon("search", muted, 16))
        self.view.viewport().update()
