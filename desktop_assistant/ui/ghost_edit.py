"""A plain-text editor that shows a completion in grey after the caret.

The ghost lies in the pre-edit area of the last block's ``QTextLayout``: Qt wraps it and grows the
box for it, yet it is no part of the document, of copies, of the undo stack or of what a screen
reader reads as the value. It is shown only while the caret stands at the end, nothing is
selected, no input method composes, and the text is the completion's draft or a continuation of
it that the completion foresaw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QMimeData, Qt, Signal, Slot
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QColor,
    QInputMethodEvent,
    QKeyEvent,
    QTextCharFormat,
    QTextCursor,
    QTextLayout,
)
from PySide6.QtWidgets import QTextEdit, QWidget

from desktop_assistant.completion import first_word, type_through

if TYPE_CHECKING:
    from desktop_assistant.ui.theme import Theme


class GhostEdit(QTextEdit):
    """Where a reply is written.

    ``draft_edited`` carries the text after every change a person made, and after the caret came
    to its end or left it; ``ghost_shown`` tells once of each offer that it became visible;
    ``ghost_taken`` what was taken of it (after ``draft_edited``) and whether that was all;
    ``ghost_dismissed`` that Esc put it away; ``send_requested`` that Ctrl+Enter was pressed.
    """

    draft_edited = Signal(str)
    ghost_shown = Signal(str)
    ghost_taken = Signal(str, bool)
    ghost_dismissed = Signal()
    send_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._known_text = ""
        self._ghost_draft = ""
        self._ghost_text = ""
        self._shown = ""
        self._announced = ("", "")
        self._was_at_end = True
        self._is_composing = False
        self._is_replacing = False
        self.setAcceptRichText(False)
        self.setTabChangesFocus(True)
        self.textChanged.connect(self._on_text_changed)
        self.cursorPositionChanged.connect(self._on_caret_moved)
        self.selectionChanged.connect(self._refresh_ghost)
        theme.changed.connect(self._repaint_ghost)

    @property
    def draft(self) -> str:
        """The text as it would be sent; the ghost is never in it."""
        return self.toPlainText()

    @property
    def ghost(self) -> str:
        """What is shown in grey at this moment."""
        return self._shown

    @property
    def is_caret_at_end(self) -> bool:
        """Whether the caret stands behind the last character, with nothing selected."""
        cursor = self.textCursor()
        return cursor.atEnd() and not cursor.hasSelection()

    @property
    def is_composing(self) -> bool:
        """Whether an input method holds text that is not written yet."""
        return self._is_composing

    def offer_ghost(self, draft: str, text: str) -> None:
        """Take up a completion of ``draft``; it stays hidden while it does not fit the text."""
        self._ghost_draft, self._ghost_text = draft, text
        self._refresh_ghost()

    def withdraw_ghost(self) -> None:
        self.offer_ghost("", "")

    def load_draft(self, text: str) -> None:
        """Show the draft of another conversation: no undo back into the one before."""
        self._is_replacing = True
        self.withdraw_ghost()
        self.setPlainText(text)
        self.moveCursor(QTextCursor.MoveOperation.End)
        self._known_text = self.draft
        self._was_at_end = True
        self._is_replacing = False

    def replace_draft(self, text: str) -> None:
        """Put ``text`` in place of the draft as one undo step, the caret at its end."""
        self.withdraw_ghost()
        cursor = self.textCursor()
        cursor.select(QTextCursor.SelectionType.Document)
        self._insert_as_one_step(cursor, text)

    def insert_at_caret(self, text: str) -> None:
        """Insert ``text`` where the caret stands, as one undo step."""
        self.withdraw_ghost()
        self._insert_as_one_step(self.textCursor(), text)

    def select_span(self, start: int, length: int) -> None:
        """Select part of the text, counted in UTF-16 units as Qt does."""
        cursor = self.textCursor()
        cursor.setPosition(start)
        cursor.setPosition(start + length, QTextCursor.MoveMode.KeepAnchor)
        self.setTextCursor(cursor)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = _keys_of(event)
        if keys in _SEND_KEYS:
            self.send_requested.emit()
        elif self._shown and keys == _TAKE_WORD:
            self._take(first_word(self._shown))
        elif self._shown and keys == _DISMISS:
            self.withdraw_ghost()
            self.ghost_dismissed.emit()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Claim Esc and Ctrl+Right from window-wide shortcuts while a ghost shows."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and self._shown
            and _keys_of(event) in (_TAKE_WORD, _DISMISS)
        ):
            event.accept()
            return True
        return super().event(event)

    def focusNextPrevChild(self, next_: bool) -> bool:  # noqa: FBT001  # Qt's signature
        """Take the ghost on Tab; without one, Tab leaves the box as anywhere else."""
        if next_ and self._shown:
            self._take(self._shown)
            return True
        return super().focusNextPrevChild(next_)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        # Qt keeps the composed text in the same pre-edit area, so ours has to leave first.
        self._show("")
        self._is_composing = bool(event.preeditString())
        super().inputMethodEvent(event)
        self._refresh_ghost()

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Paste what is there as plain text, whatever else the clipboard holds."""
        self.textCursor().insertText(source.text().replace("\x00", ""))
        self.ensureCursorVisible()

    @Slot()
    def _on_text_changed(self) -> None:
        draft = self.draft
        if draft == self._known_text:
            return
        self._known_text = draft
        self._was_at_end = self.is_caret_at_end
        self._refresh_ghost()
        if not self._is_replacing:
            self.draft_edited.emit(draft)

    @Slot()
    def _on_caret_moved(self) -> None:
        self._refresh_ghost()
        is_move = self.draft == self._known_text and not self._is_replacing
        if is_move and self.is_caret_at_end != self._was_at_end:
            self._was_at_end = self.is_caret_at_end
            self.draft_edited.emit(self._known_text)

    @Slot()
    def _refresh_ghost(self) -> None:
        self._show(self._fitting_ghost())
        offer = (self._ghost_draft, self._ghost_text)
        if self._shown and offer != self._announced:
            self._announced = offer
            self.ghost_shown.emit(self._shown)
            if QAccessible.isActive():
                QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, self._shown))

    @Slot()
    def _repaint_ghost(self) -> None:
        shown = self._shown
        self._show("")
        self._show(shown)

    def _fitting_ghost(self) -> str:
        fits = self.is_caret_at_end and not self._is_composing
        return type_through(self._ghost_draft, self._ghost_text, self.draft) if fits else ""

    def _take(self, text: str) -> None:
        rest = self._shown[len(text) :]
        self._show("")
        self._insert_as_one_step(self.textCursor(), text)
        self.ghost_taken.emit(text, not rest)

    def _insert_as_one_step(self, cursor: QTextCursor, text: str) -> None:
        # An unmodified document starts a new undo command: without this, typing before or after
        # would merge with the insertion.
        document = self.document()
        document.setModified(False)
        cursor.beginEditBlock()
        cursor.insertText(text)
        cursor.endEditBlock()
        document.setModified(False)
        self.setTextCursor(cursor)
        self.ensureCursorVisible()

    def _show(self, ghost: str) -> None:
        block = self.document().lastBlock()
        layout = block.layout()
        end = block.length() - 1
        if ghost == self._shown and (not ghost or layout.preeditAreaPosition() == end):
            return
        if self._shown:
            self._clear_stale_area()
        self._shown = ghost
        if ghost:
            grey = QTextCharFormat()
            grey.setForeground(QColor(self._theme.colours.ghost))
            span = QTextLayout.FormatRange()
            span.start, span.length, span.format = end, len(ghost.encode("utf-16-le")) // 2, grey
            layout.setPreeditArea(end, ghost)
            layout.setFormats([*(f for f in layout.formats() if f.start < end), span])
            self.document().markContentsDirty(block.position(), block.length())
            self.ensureCursorVisible()

    def _clear_stale_area(self) -> None:
        """Empty the area wherever it is: Enter moves the last block away from it."""
        block = self.document().lastBlock()
        while block.isValid() and not block.layout().preeditAreaText():
            block = block.previous()
        if block.isValid():
            block.layout().setPreeditArea(-1, "")
            block.layout().clearFormats()
            self.document().markContentsDirty(block.position(), block.length())


_CONTROL = Qt.KeyboardModifier.ControlModifier
_SEND_KEYS = ((Qt.Key.Key_Return, _CONTROL), (Qt.Key.Key_Enter, _CONTROL))
_TAKE_WORD = (Qt.Key.Key_Right, _CONTROL)
_DISMISS = (Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier)


def _keys_of(event: QKeyEvent) -> tuple[int, Qt.KeyboardModifier]:
    """Key and modifiers; that a key lies on the keypad (arrows, on macOS) says nothing here."""
    return event.key(), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
