"""Knowledge that fits the newest message, and a search field to look further."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QTimer, Signal, Slot
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from desktop_assistant.conversation import visible_text
from desktop_assistant.ui.card import Card
from desktop_assistant.ui.labels import one_line, plain_label, tooltip_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_assistant.suggestion import KnowledgeHit
    from desktop_assistant.ui.theme import Theme

MAX_HITS = 4
TYPING_PAUSE_MS = 180
"""Long enough that fluent typing asks about once a word, not once a key."""


class KnowledgeList(QWidget):
    """``searched`` carries a query after a pause in typing; ``taken`` the answer of a hit."""

    searched = Signal(str)
    taken = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._hits: tuple[KnowledgeHit, ...] = ()
        self.cards: list[Card] = []
        self.search = QLineEdit(self)
        self.search.setClearButtonEnabled(True)
        self.search.setMaxLength(300)
        self.note = plain_label("muted", self)
        self.note.setWordWrap(True)
        self._pause = QTimer(self, singleShot=True, interval=TYPING_PAUSE_MS)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        self._layout.addWidget(self.search)
        self._layout.addWidget(self.note)
        self.search.textEdited.connect(self._on_edited)
        self.search.textChanged.connect(self._on_changed)
        self.search.returnPressed.connect(self._ask)
        self._pause.timeout.connect(self._ask)
        theme.changed.connect(self._rebuild)
        self._rebuild()

    def show_hits(self, hits: Sequence[KnowledgeHit]) -> None:
        if tuple(hits[:MAX_HITS]) != self._hits:
            self._hits = tuple(hits[:MAX_HITS])
            self._rebuild()

    def clear_search(self) -> None:
        """Empty the search field without asking for anything."""
        self.search.clear()
        self._pause.stop()

    @Slot()
    def take_first(self) -> None:
        """Take the first hit, if there is one."""
        if self._hits:
            self.taken.emit(self._hits[0].answer)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._rebuild()
        super().changeEvent(event)

    @Slot()
    def _rebuild(self) -> None:
        self.search.setPlaceholderText(self.tr("Search knowledge (Ctrl+Shift+K)"))
        self.search.setAccessibleName(self.tr("Search the knowledge base"))
        for card in self.cards:
            self._layout.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = [self._card(place, hit) for place, hit in enumerate(self._hits)]
        for place, card in enumerate(self.cards):
            self._layout.insertWidget(place + 1, card)
            card.show()
        self.note.setText(
            self.tr("Nothing found.") if self.search.text() else self.tr("No article fits yet.")
        )
        self.note.setVisible(not self.cards)

    def _card(self, place: int, hit: KnowledgeHit) -> Card:
        key = "Alt+4" if place == 0 else ""
        origin = self.tr("Article · {0}").format(one_line(hit.source))
        card = Card(hit.question, origin, key, self._theme, self)
        card.setProperty("place", place)
        card.setToolTip(tooltip_text(hit.answer))
        card.setAccessibleName(self.tr("Article: {0}").format(visible_text(hit.question)))
        card.setAccessibleDescription(
            self.tr("Inserts the answer: {0}").format(visible_text(hit.answer))
        )
        card.clicked.connect(self._on_taken)
        return card

    @Slot()
    def _on_taken(self) -> None:
        self.taken.emit(self._hits[int(self.sender().property("place"))].answer)

    @Slot()
    def _on_edited(self) -> None:
        self._pause.start()

    @Slot(str)
    def _on_changed(self, text: str) -> None:
        # The clear button changes the text without an edit signal in some styles.
        if not text:
            self._pause.start()

    @Slot()
    def _ask(self) -> None:
        self._pause.stop()
        self.searched.emit(self.search.text().strip())
