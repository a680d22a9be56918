"""The middle of the window: the selected conversation, and the reply to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_assistant.completion import accepted_words
from desktop_assistant.conversation import utc_now
from desktop_assistant.ui.composer import Composer
from desktop_assistant.ui.transcript_view import ChatHeader, TranscriptView

if TYPE_CHECKING:
    from desktop_assistant.completion import Completion
    from desktop_assistant.conversation import Message
    from desktop_assistant.ui.conversation_view import ConversationView
    from desktop_assistant.ui.desk import Desk
    from desktop_assistant.ui.theme import Theme
    from desktop_assistant.ui.transcript_model import Delivery

WAITING_TICK_MS = 1_000


class ChatPane(QWidget):
    """Shows what the desk has selected, and hands it what is typed, taken and sent.

    ``resolved`` carries the id of a conversation the agent closed here.
    """

    resolved = Signal(str)

    def __init__(self, desk: Desk, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._undelivered: dict[str, Delivery] = {}
        self.setObjectName("chat")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.header = ChatHeader(self)
        self.transcript = TranscriptView(theme, self)
        self.composer = Composer(theme, self)
        below = QVBoxLayout()
        below.setContentsMargins(16, 4, 16, 14)
        below.addWidget(self.composer)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self.transcript, 1)
        layout.addLayout(below)
        self._waiting_tick = QTimer(self)
        self._waiting_tick.setInterval(WAITING_TICK_MS)
        self._waiting_tick.timeout.connect(self._show_header)
        self._connect()
        self._on_selected(desk.selected_id)

    def _connect(self) -> None:
        desk, edit = self._desk, self.composer.edit
        desk.selected.connect(self._on_selected)
        desk.message_added.connect(self._on_message_added)
        desk.conversation_changed.connect(self._on_changed)
        desk.completion_ready.connect(self._on_completion)
        desk.sending.connect(self._on_sending)
        desk.sent.connect(self._on_sent)
        desk.send_failed.connect(self._on_send_failed)
        desk.undelivered.connect(self._on_undelivered)
        edit.draft_edited.connect(self._on_draft_edited)
        edit.ghost_shown.connect(desk.completion_shown)
        edit.ghost_taken.connect(self._on_ghost_taken)
        edit.ghost_dismissed.connect(desk.completion_dismissed)
        self.composer.sent.connect(self._on_send)
        self.header.resolved.connect(self.resolve)

    @Slot()
    def resolve(self) -> None:
        """Close the selected conversation."""
        resolved_id = self._desk.selected_id
        if resolved_id:
            self._desk.resolve(resolved_id)
            self.resolved.emit(resolved_id)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._show_header()
            self._show_messages()
        super().changeEvent(event)

    def _view(self) -> ConversationView | None:
        shown = self._desk.selected_id
        return self._desk.view(shown) if shown else None

    @Slot(str)
    def _on_selected(self, _conversation_id: str) -> None:
        view = self._view()
        self.composer.setEnabled(view is not None)
        self.composer.set_sending(is_sending=False)
        self.composer.edit.load_draft(view.draft if view else "")
        self._show_messages()
        self._show_header()

    @Slot(str, object)
    def _on_message_added(self, conversation_id: str, _message: Message) -> None:
        if conversation_id == self._desk.selected_id:
            self._show_messages()

    @Slot(str)
    def _on_changed(self, conversation_id: str) -> None:
        if conversation_id == self._desk.selected_id:
            self._show_header()

    @Slot(str, str, object)
    def _on_completion(self, conversation_id: str, draft: str, completion: Completion) -> None:
        if conversation_id == self._desk.selected_id:
            self.composer.edit.offer_ghost(draft, completion.text)

    @Slot(str)
    def _on_draft_edited(self, text: str) -> None:
        if self._desk.selected_id:
            self._desk.draft_changed(
                self._desk.selected_id, text, caret_at_end=self.composer.edit.is_caret_at_end
            )

    @Slot(str, bool)
    def _on_ghost_taken(self, text: str, _is_whole: bool) -> None:  # noqa: FBT001  # the signal's
        self._desk.completion_accepted(text, accepted_words(text))

    @Slot(str)
    def _on_send(self, text: str) -> None:
        if self._desk.selected_id:
            self._desk.send(self._desk.selected_id, text)

    @Slot(str, object)
    def _on_sending(self, conversation_id: str, _message: Message) -> None:
        if conversation_id == self._desk.selected_id:
            self.composer.set_sending(is_sending=True)

    @Slot(str, object)
    def _on_sent(self, conversation_id: str, message: Message) -> None:
        if conversation_id == self._desk.selected_id:
            self.composer.set_sending(is_sending=False)
            # What was typed while the message was on its way stays.
            if self.composer.edit.draft.strip() == message.text:
                self.composer.edit.load_draft("")

    @Slot(str, str, str)
    def _on_send_failed(self, conversation_id: str, text: str, _sentence: str) -> None:
        if conversation_id == self._desk.selected_id:
            self.composer.set_sending(is_sending=False)
            if not self.composer.edit.draft.strip():
                self.composer.edit.replace_draft(text)

    @Slot(str, str, str)
    def _on_undelivered(self, conversation_id: str, message_id: str, _sentence: str) -> None:
        self._undelivered[message_id] = "failed"
        if conversation_id == self._desk.selected_id:
            self._show_messages()

    def _show_messages(self) -> None:
        view = self._view()
        self.transcript.show_conversation(view.conversation if view else None, self._undelivered)

    @Slot()
    def _show_header(self) -> None:
        view = self._view()
        if view is None:
            self._waiting_tick.stop()
            self.header.show_details(self.tr("No conversation is open"), (), is_open=False)
            return
        details = (self._order(view), self._channel(view), self._waiting(view))
        self.header.show_details(view.conversation.customer_name, details, is_open=True)
        if view.waiting_since is None:
            self._waiting_tick.stop()
        elif not self._waiting_tick.isActive():
            self._waiting_tick.start()

    def _order(self, view: ConversationView) -> str:
        """The order number the customer named last."""
        analyses = self._desk.analyses(view.conversation_id)
        for message in reversed(view.conversation.messages):
            analysis = analyses.get(message.message_id)
            for entity in analysis.entities if analysis else ():
                if entity.type == "order_number":
                    return self.tr("Order {0}").format(entity.text)
        return ""

    def _channel(self, view: ConversationView) -> str:
        known = {"web chat": self.tr("Web chat"), "email": self.tr("Email")}
        channel = view.conversation.channel
        return known.get(channel, channel)

    def _waiting(self, view: ConversationView) -> str:
        if view.waiting_since is None:
            return ""
        seconds = max(0, int((utc_now() - view.waiting_since).total_seconds()))
        hours, minutes = divmod(seconds // 60, 60)
        clock = f"{hours}:{minutes:02}:" if hours else f"{minutes}:"
        return self.tr("waiting {0}").format(f"{clock}{seconds % 60:02}")
