"""What the agent's desk holds, and what can be done at it. No widgets: views show its values.

Everything here runs on the main thread; the engine and the store answer from theirs. A message
counts as sent when the store has it on the disk, not before.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from desktop_assistant.decision import Outcome
from desktop_assistant.ui.assistance import Assistance
from desktop_assistant.ui.chat import Chat, read_experience
from desktop_assistant.ui.completion_requests import CompletionRequests, Offer
from desktop_assistant.ui.corrections import Corrections
from desktop_assistant.ui.drafts import Drafts
from desktop_assistant.ui.notices import Notices
from desktop_assistant.ui.outbox import Outbox
from desktop_assistant.ui.shown_log import ShownLog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_assistant.analysis import Analysis
    from desktop_assistant.conversation import Conversation, Message
    from desktop_assistant.decision import Correction, CorrectionTarget
    from desktop_assistant.inference.engine import Engine
    from desktop_assistant.settings import Settings
    from desktop_assistant.sources import ChatSource
    from desktop_assistant.store.database import Store
    from desktop_assistant.suggestion import KnowledgeHit, Suggestions
    from desktop_assistant.ui.background import Background
    from desktop_assistant.ui.chat import Experience
    from desktop_assistant.ui.clock import Clock
    from desktop_assistant.ui.conversation_view import ConversationStatus, ConversationView
    from desktop_assistant.worker import CancelToken

log = logging.getLogger(__name__)

HISTORY = 500
"""How many of the newest sent replies are made suggestible at the start."""


class Desk(QObject):
    """The state of all conversations, and the agent's hands. Views react to the signals.

    The strings are conversation ids unless said otherwise. On ``selected`` everything that is
    known of the conversation follows at once in the other signals (analysis_ready of its newest
    message, suggestions_ready, suggestions_pending where more may come, knowledge_ready), so a
    view needs no state of its own.
    """

    conversation_added = Signal(str)
    conversation_changed = Signal(str)
    """Unread, waiting, mood, status, or whether there is a draft; ``view`` has the value."""
    order_changed = Signal()
    message_added = Signal(str, object)
    """id, Message: the customer's as it comes in, the agent's as soon as it is durable."""
    analysis_ready = Signal(str, str, object)
    """id, message id, Analysis."""
    suggestions_ready = Signal(str, object)
    """id, Suggestions: the cards in the order they are to be shown."""
    suggestions_pending = Signal(str)
    """id: better ones are on their way; cards that are shown stay until then."""
    knowledge_ready = Signal(str, list)
    """id, list of KnowledgeHit."""
    completion_ready = Signal(str, str, object)
    """id, draft, Completion: fits that draft; an empty text withdraws the ghost."""
    sending = Signal(str, object)
    """id, Message: handed to the store, not durable yet. The composer keeps its text."""
    sent = Signal(str, object)
    """id, Message: durable now (message_added came just before). The composer may be emptied."""
    send_failed = Signal(str, str, str)
    """id, text, sentence: nothing was stored; the text belongs back into the composer."""
    undelivered = Signal(str, str, str)
    """id, message id, sentence: stored, but the chat platform refused it."""
    correction_saved = Signal(str, object)
    """id, Correction: durable now."""
    notice = Signal(str, str)
    """level (error, warning, notice) and a sentence for the message bar."""
    engine_status = Signal(object)
    """EngineStatus, once the models are loaded."""
    selected = Signal(str)
    """id, or "" when no conversation is open."""

    _chat_came = Signal(object)
    _message_came = Signal(object)

    def __init__(
        self,
        *,
        engine: Background[Engine],
        store: Background[Store],
        source: ChatSource,
        settings: Settings,
        clock: Clock,
        chats: Sequence[Chat] = (),
        parent: QObject | None = None,
    ) -> None:
        """Take over what was stored (``chats``, see ``chat.read_chats``); nothing runs yet."""
        super().__init__(parent)
        self._engine = engine
        self._store = store
        self._source = source
        self._settings = settings
        self._clock = clock
        self._chats = {chat.conversation_id: chat for chat in chats}
        self._selected_id = ""
        self._offer: Offer | None = None
        self._is_shut_down = False
        self._has_ended = False
        self._notices = Notices(self)
        self._shown = ShownLog(store, clock, self._notices.tell)
        self._assistance = Assistance(engine, self._shown, self._chats, settings, clock, self)
        self._completions = CompletionRequests(engine, clock, self)
        self._drafts = Drafts(store, self)
        self._corrections = Corrections(store, clock, self)
        self._outbox = Outbox(store, source, self._shown, clock, self)
        self._connect()

    def _connect(self) -> None:
        self._notices.told.connect(self.notice)
        self._chat_came.connect(self._on_chat)
        self._message_came.connect(self._on_message)
        self._assistance.analysis_ready.connect(self.analysis_ready)
        self._assistance.suggestions_ready.connect(self.suggestions_ready)
        self._assistance.suggestions_pending.connect(self.suggestions_pending)
        self._assistance.knowledge_ready.connect(self.knowledge_ready)
        self._assistance.analysed.connect(self._on_analysed)
        self._assistance.requests.failed.connect(self._notices.tell_once)
        self._completions.offered.connect(self._on_offered)
        self._completions.failed.connect(self._notices.tell_once)
        self._drafts.failed.connect(self._notices.tell)
        self._corrections.saved.connect(self._on_corrected)
        self._corrections.failed.connect(self._notices.tell)
        self._outbox.sending.connect(self.sending)
        self._outbox.stored.connect(self._on_stored)
        self._outbox.send_failed.connect(self.send_failed)
        self._outbox.undelivered.connect(self.undelivered)

    def start(self) -> None:
        """Load the models in the background and let the chats in. Called after show()."""
        self._engine.ask(
            lambda engine, _: engine.status,
            self.engine_status.emit,
            self._notices.tell_once,
            priority=0,
        )
        self._store.ask(
            lambda store, _: read_experience(store, HISTORY),
            self._on_experience,
            self._notices.tell,
        )
        for chat in sorted(self._chats.values(), key=lambda chat: chat.newest_at, reverse=True):
            self._assistance.resume(chat)
        self._source.start(self._chat_came.emit, self._message_came.emit)

    def shutdown(self) -> bool:
        """Save drafts, decide what is still open as ignored, and stop both workers.

        Waits at most two seconds for each. Returns: whether both have ended.
        """
        if not self._is_shut_down:
            self._is_shut_down = True
            self._source.stop()
            self._completions.forget()
            self._shown.close_all()
            self._drafts.save()
            self._store.ask(lambda store, _: store.close())
            engine_ended, store_ended = self._engine.close(), self._store.close(finish=True)
            self._has_ended = engine_ended and store_ended
        return self._has_ended

    @property
    def selected_id(self) -> str:
        """The conversation on show, or ""."""
        return self._selected_id

    def select(self, conversation_id: str) -> None:
        """Show another conversation; its messages count as read."""
        if conversation_id != self._selected_id:
            self._drafts.save()
            self._completions.forget()
            self._shown.end_completion(Outcome.IGNORED)
            self._offer = None
            self._selected_id = conversation_id
            self.selected.emit(conversation_id)
            self._show_selected()

    def conversations(self) -> list[ConversationView]:
        """The open conversations, the one with the newest message first."""
        chats = [chat for chat in self._chats.values() if chat.status == "open"]
        return [chat.view() for chat in sorted(chats, key=lambda c: c.newest_at, reverse=True)]

    def view(self, conversation_id: str) -> ConversationView:
        """Raises: KeyError if there is no such conversation."""
        return self._chats[conversation_id].view()

    def analyses(self, conversation_id: str) -> dict[str, Analysis]:
        """What is known of its messages, by message id."""
        return dict(self._chats[conversation_id].analyses)

    def corrections(self, conversation_id: str) -> list[Correction]:
        """What people corrected in it, oldest first."""
        return list(self._chats[conversation_id].corrections)

    def suggestions(self, conversation_id: str) -> Suggestions | None:
        """The cards as they stand, or None while nothing is there."""
        return self._chats[conversation_id].cards

    def knowledge(self, conversation_id: str) -> list[KnowledgeHit]:
        """What was found last for it."""
        return list(self._chats[conversation_id].knowledge)

    def draft_changed(self, conversation_id: str, text: str, *, caret_at_end: bool) -> None:
        """Take up the composer's text after every change, and after moves of the caret."""
        chat = self._chats[conversation_id]
        if text != chat.draft:
            was_empty, chat.draft = not chat.draft, text
            self._shown.follow_draft(conversation_id, text)
            self._assistance.requests.key_pressed()
            self._drafts.follow(conversation_id, text)
            if was_empty or not text:
                self.conversation_changed.emit(conversation_id)
        if self._settings.completions and conversation_id == self._selected_id:
            self._completions.follow(
                chat.conversation,
                text,
                caret_at_end=caret_at_end,
                deadline_ms=self._settings.completion_deadline_ms,
            )

    def take_suggestion(self, conversation_id: str, index: int) -> str:
        """The text of a card, which counts as inserted from now on, or "" if there is none."""
        return self._assistance.take_card(self._chats[conversation_id], index)

    def dismiss_suggestion(self, index: int, reason: str = "") -> None:
        """Put away a card of the selected conversation."""
        chat = self._chats.get(self._selected_id)
        if chat is not None:
            self._assistance.dismiss_card(chat, index, reason)

    def completion_shown(self, text: str) -> None:  # noqa: ARG002  # what is left of the offer
        """The grey text of the newest completion_ready appeared. May be called again."""
        offer, self._offer = self._offer, None
        if offer is not None:
            self._shown.show_completion(offer)

    def completion_accepted(self, text: str, words: int) -> None:  # noqa: ARG002
        """The agent took ``text`` of the grey text; called after its ``draft_changed``."""
        self._shown.take_completion(words)

    def completion_dismissed(self) -> None:
        """The agent pressed Esc at the grey text."""
        self._completions.withdraw()
        self._shown.end_completion(Outcome.DISMISSED)

    def send(self, conversation_id: str, text: str) -> None:
        """Store the message; ``sent`` or ``send_failed`` follows.

        Blank text is not sent, nor a second message before the first is stored.
        """
        if text.strip() and not self._is_shut_down:
            self._completions.forget()
            self._offer = None
            self._outbox.send(self._chats[conversation_id], text)

    def correct_intent(self, conversation_id: str, message_id: str, label: str) -> None:
        """Store the agent's word against the model's."""
        self._correct(conversation_id, message_id, "intent", label)

    def correct_sentiment(self, conversation_id: str, message_id: str, label: str) -> None:
        """As ``correct_intent``."""
        self._correct(conversation_id, message_id, "sentiment", label)

    def search_knowledge(self, query: str) -> None:
        """Look something up for the selected conversation; ``knowledge_ready`` follows."""
        if self._selected_id and query.strip():
            self._assistance.requests.search(self._selected_id, query)

    def resolve(self, conversation_id: str) -> None:
        """Close a conversation; it comes back when the customer writes again."""
        chat = self._chats[conversation_id]
        self._shown.close(conversation_id)
        self._assistance.end(chat)
        self._set_status(chat, "resolved")
        if conversation_id == self._selected_id:
            others = self.conversations()
            self.select(others[0].conversation_id if others else "")

    def reopen(self, conversation_id: str) -> None:
        """Undo ``resolve``."""
        self._set_status(self._chats[conversation_id], "open")

    def apply_settings(self, settings: Settings) -> None:
        """Take up what was changed, as far as it needs no restart."""
        self._settings = settings
        self._assistance.apply_settings(settings)
        if not settings.completions:
            self._completions.forget()

    @Slot()
    def tell_stumble(self) -> None:
        """Something of ours failed and was logged: say so, once."""
        self._notices.tell_stumble()

    @Slot(object)
    def _on_chat(self, conversation: Conversation) -> None:
        if conversation.conversation_id in self._chats:
            return
        self._chats[conversation.conversation_id] = Chat(conversation)
        self._keep(lambda store, _: store.save_conversation(conversation))
        self._keep(lambda store, _: store.set_status(conversation.conversation_id, "open"))
        self.conversation_added.emit(conversation.conversation_id)
        self.order_changed.emit()

    @Slot(object)
    def _on_message(self, message: Message) -> None:
        chat = self._chats.get(message.conversation_id)
        if chat is None:
            log.warning("message %s of an unknown conversation dropped", message.message_id)
            return
        if chat.status == "resolved":
            self._set_status(chat, "open")
        chat.conversation = chat.conversation.with_message(message)
        chat.unread += chat.conversation_id != self._selected_id
        self._keep(lambda store, _: store.save_message(message))
        self.message_added.emit(chat.conversation_id, message)
        self.conversation_changed.emit(chat.conversation_id)
        self.order_changed.emit()
        self._assistance.take_in(chat, message)

    @Slot(str, str, object)
    def _on_analysed(self, conversation_id: str, message_id: str, analysis: Analysis) -> None:
        self._keep(lambda store, _: store.save_analysis(message_id, analysis))
        self.conversation_changed.emit(conversation_id)

    @Slot(object)
    def _on_offered(self, offer: Offer) -> None:
        self._offer = offer if offer.completion.text else None
        self.completion_ready.emit(offer.conversation_id, offer.draft, offer.completion)

    def _show_selected(self) -> None:
        chat = self._chats.get(self._selected_id)
        if chat is None:
            self._assistance.show_none()
            return
        if chat.unread:
            chat.unread = 0
            self.conversation_changed.emit(chat.conversation_id)
        self._assistance.show(chat)

    @Slot(str, object, bool)
    def _on_stored(self, conversation_id: str, message: Message, answers_all: bool) -> None:  # noqa: FBT001
        chat = self._chats[conversation_id]
        asked = chat.asked_before(message)
        if answers_all:
            self._assistance.end(chat)
        if chat.draft.strip() == message.text:
            chat.draft = ""
            self._drafts.forget(conversation_id)
        elif chat.draft:
            self._drafts.follow(conversation_id, chat.draft)
        self.message_added.emit(conversation_id, message)
        self.sent.emit(conversation_id, message)
        self.conversation_changed.emit(conversation_id)
        self.order_changed.emit()
        if asked is not None:
            self._assistance.requests.learn(replies=[(asked.text, message.text)])

    def _correct(
        self, conversation_id: str, message_id: str, target: CorrectionTarget, label: str
    ) -> None:
        by = self._settings.agent_name
        self._corrections.correct(self._chats[conversation_id], message_id, target, label, by)

    @Slot(str, object)
    def _on_corrected(self, conversation_id: str, correction: Correction) -> None:
        self.correction_saved.emit(conversation_id, correction)
        self.conversation_changed.emit(conversation_id)

    def _set_status(self, chat: Chat, status: ConversationStatus) -> None:
        chat.status = status
        self._keep(lambda store, _: store.set_status(chat.conversation_id, status))
        self.conversation_changed.emit(chat.conversation_id)
        self.order_changed.emit()

    def _on_experience(self, found: Experience) -> None:
        self._assistance.requests.learn(found.knowledge, found.replies)
        if found.notice:
            self.notice.emit("warning", found.notice)

    def _keep(self, work: Callable[[Store, CancelToken], object]) -> None:
        self._store.ask(work, on_failed=self._notices.tell)
