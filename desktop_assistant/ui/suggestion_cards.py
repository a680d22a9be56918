"""The suggested replies as cards; or that they are on their way; or why there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_assistant.suggestion import NoSuggestion
from desktop_assistant.ui.card import Card
from desktop_assistant.ui.labels import one_line, plain_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_assistant.suggestion import Suggestion
    from desktop_assistant.ui.theme import Theme


class SuggestionCards(QWidget):
    """``taken`` and ``dismissed`` carry the place of the card, from 0."""

    taken = Signal(int)
    dismissed = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._suggestions: tuple[Suggestion, ...] = ()
        self._reason: NoSuggestion | None = None
        self._is_pending = False
        self.cards: list[Card] = []
        self.note = plain_label("empty", self)
        self.note.setWordWrap(True)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(9)
        self._layout.addWidget(self.note)
        theme.changed.connect(self._rebuild)
        self._rebuild()

    def show_suggestions(
        self, suggestions: Sequence[Suggestion], reason: NoSuggestion | None, *, is_pending: bool
    ) -> None:
        """Show what there is. ``is_pending`` says that better ones may still come."""
        fresh = tuple(suggestions), reason, is_pending
        if fresh == (self._suggestions, self._reason, self._is_pending):
            return
        self._suggestions, self._reason, self._is_pending = fresh
        self._rebuild()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._rebuild()
        super().changeEvent(event)

    @Slot()
    def _rebuild(self) -> None:
        focused = next((i for i, card in enumerate(self.cards) if card.hasFocus()), None)
        for card in self.cards:
            self._layout.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = [self._card(i, item) for i, item in enumerate(self._suggestions)]
        for place, card in enumerate(self.cards):
            self._layout.insertWidget(place, card)
            card.show()
        if focused is not None and self.cards:
            self.cards[min(focused, len(self.cards) - 1)].setFocus()
        self.note.setText(self._note())
        self.note.setVisible(bool(self.note.text()))

    def _card(self, place: int, suggestion: Suggestion) -> Card:
        card = Card(suggestion.text, origin_of(suggestion), f"Alt+{place + 1}", self._theme, self)
        card.score.setText(f"{round(suggestion.score * 100)} %")
        card.setProperty("place", place)
        card.setAccessibleName(
            self.tr("Suggested reply {0}: {1}").format(place + 1, suggestion.text)
        )
        card.setAccessibleDescription(
            self.tr("{0}, {1} %, Alt+{2} takes it, Delete dismisses it").format(
                origin_of(suggestion), round(suggestion.score * 100), place + 1
            )
        )
        card.add_dismiss_button(self.tr("Dismiss suggestion {0}").format(place + 1))
        card.clicked.connect(self._on_taken)
        card.dismissed.connect(self._on_dismissed)
        return card

    def _note(self) -> str:
        if self._is_pending:
            return self.tr("Looking for more replies…") if self.cards else self.tr("Looking…")
        if self.cards:
            return ""
        reasons = {
            NoSuggestion.NO_MODEL: self.tr("No model for replies is installed."),
            NoSuggestion.NOTHING_FITS: self.tr("Nothing fits well enough to suggest it."),
            NoSuggestion.CANCELLED: self.tr("Replaced by a newer message."),
        }
        nothing = self.tr("Replies appear here when the customer writes.")
        return reasons.get(self._reason, nothing) if self._reason else nothing

    @Slot()
    def _on_taken(self) -> None:
        self.taken.emit(int(self.sender().property("place")))

    @Slot()
    def _on_dismissed(self) -> None:
        self.dismissed.emit(int(self.sender().property("place")))


def origin_of(suggestion: Suggestion) -> str:
    """Where a reply came from, for example "Canned reply · Late parcel"."""
    kinds = {
        "canned": QCoreApplication.translate("Suggestion", "Canned reply"),
        "knowledge": QCoreApplication.translate("Suggestion", "Knowledge base"),
        "history": QCoreApplication.translate("Suggestion", "Past chats"),
        "generated": QCoreApplication.translate("Suggestion", "Written by the model"),
    }
    title = one_line(suggestion.title or suggestion.source)
    return f"{kinds[suggestion.kind]} · {title}" if title else kinds[suggestion.kind]
