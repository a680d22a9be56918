"""Where the agent writes: the reply with its ghost text, the keys that take it, and Send."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop_assistant.suggestion import open_variables
from desktop_assistant.ui.ghost_edit import GhostEdit
from desktop_assistant.ui.labels import plain_label

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from desktop_assistant.ui.theme import Theme

LEAST_HEIGHT = 62
MOST_HEIGHT = 190


class Composer(QFrame):
    """The box under the transcript.

    ``sent`` carries a reply that is not blank; the draft stays until it is replaced from outside,
    because a reply counts as sent only when it is durable.
    """

    sent = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("composer")
        self.edit = GhostEdit(theme, self)
        self.edit.setObjectName("reply")
        self.edit.document().setDocumentMargin(4)
        self.edit.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.edit.installEventFilter(self)
        self.send_button = QPushButton(self)
        self.send_button.setProperty("look", "primary")
        self._is_sending = False
        self.hints = [(plain_label("key", self), plain_label("muted", self)) for _ in range(4)]
        foot = QHBoxLayout()
        foot.setSpacing(6)
        for key, text in self.hints:
            foot.addWidget(key, 0, Qt.AlignmentFlag.AlignVCenter)
            foot.addWidget(text)
            foot.addSpacing(4)
        foot.addStretch(1)
        foot.addWidget(self.send_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(11, 9, 10, 9)
        layout.setSpacing(8)
        layout.addWidget(self.edit)
        layout.addLayout(foot)
        self.edit.document().documentLayout().documentSizeChanged.connect(self._fit_height)
        self.edit.textChanged.connect(self._on_text_changed)
        self.edit.send_requested.connect(self._send)
        self.send_button.clicked.connect(self._send)
        self._retranslate()
        self._fit_height()
        self._on_text_changed()

    def take_suggestion(self, text: str) -> None:
        """Put a suggestion in place of the draft and select its first open variable."""
        self.edit.replace_draft(text)
        self._select_variable(0)
        self.edit.setFocus()

    def set_sending(self, *, is_sending: bool) -> None:
        """While a reply is on its way into the store, no second one can be sent."""
        self._is_sending = is_sending
        self._on_text_changed()

    def insert_text(self, text: str) -> None:
        """Insert ``text`` at the caret, a blank before it where words would touch."""
        start = self.edit.textCursor().selectionStart()
        before = self.edit.draft[:start]
        gap = " " if before and before[-1].isascii() and not before[-1].isspace() else ""
        self.edit.insert_at_caret(gap + text)
        self.edit.setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_hints()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Mark the whole box while the text in it has the focus."""
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.setProperty("active", event.type() == QEvent.Type.FocusIn)
            self.style().polish(self)
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()
        super().changeEvent(event)

    def _select_variable(self, start: int) -> None:
        names = open_variables(self.edit.draft[start:])
        if names:
            braces = "{" + names[0] + "}"
            at = self.edit.draft.index(braces, start)
            before = len(self.edit.draft[:at].encode("utf-16-le")) // 2
            self.edit.select_span(before, len(braces))

    def _retranslate(self) -> None:
        self.edit.setAccessibleName(self.tr("Reply"))
        self.edit.setAccessibleDescription(
            self.tr("Tab takes the grey text, Ctrl+Right a word of it, Escape dismisses it")
        )
        self.edit.setPlaceholderText(self.tr("Write a reply…"))
        self.send_button.setText(self.tr("Send"))
        self.send_button.setAccessibleName(self.tr("Send the reply"))
        self.send_button.setToolTip(self.tr("Send (Ctrl+Enter)"))
        texts = (
            ("Tab", self.tr("accept")),
            ("Ctrl →", self.tr("word")),
            ("Esc", self.tr("dismiss")),
            ("Ctrl ↵", self.tr("send")),
        )
        for (key, label), (keys, text) in zip(self.hints, texts, strict=True):
            key.setText(keys)
            label.setText(text)
        self._fit_hints()

    def _fit_hints(self) -> None:
        """Leave out hints, the last first, where the box is too narrow for all of them."""
        room = self.width() - self.send_button.sizeHint().width() - 40
        for key, label in self.hints:
            room -= key.sizeHint().width() + label.sizeHint().width() + 22
            _set_visible(key, room >= 0)
            _set_visible(label, room >= 0)

    @Slot()
    def _fit_height(self) -> None:
        """Grow with the text, the ghost included, up to about ten lines."""
        wanted = int(self.edit.document().size().height()) + 4
        self.edit.setFixedHeight(max(LEAST_HEIGHT, min(wanted, MOST_HEIGHT)))

    @Slot()
    def _on_text_changed(self) -> None:
        self.send_button.setEnabled(bool(self.edit.draft.strip()) and not self._is_sending)

    @Slot()
    def _send(self) -> None:
        text = self.edit.draft.strip()
        if text and not self._is_sending and not self.edit.is_composing:
            self.sent.emit(text)


def _set_visible(label: QLabel, is_visible: bool) -> None:  # noqa: FBT001  # as Qt's own
    if label.isHidden() == is_visible:
        label.setVisible(is_visible)
