"""What the engine has to say about the conversations: tags, cards, knowledge.

Puts the answers into the chats, sees that cards on show become rows of the store, and tells the
views through the desk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from desktop_assistant.suggestion import NoSuggestion, Suggestions
from desktop_assistant.ui.assist_requests import AssistRequests

if TYPE_CHECKING:
    from collections.abc import Mapping

    from desktop_assistant.analysis import Analysis
    from desktop_assistant.conversation import Message
    from desktop_assistant.inference.engine import Engine
    from desktop_assistant.settings import Settings
    from desktop_assistant.suggestion import KnowledgeHit
    from desktop_assistant.ui.background import Background
    from desktop_assistant.ui.chat import Chat
    from desktop_assistant.ui.clock import Clock
    from desktop_assistant.ui.shown_log import ShownLog


class Assistance(QObject):
    """The first four signals are the desk's own; ``analysed`` is for what is to be stored."""

    analysis_ready = Signal(str, str, object)
    suggestions_ready = Signal(str, object)
    suggestions_pending = Signal(str)
    knowledge_ready = Signal(str, list)
    analysed = Signal(str, str, object)

    def __init__(
        self,
        engine: Background[Engine],
        shown: ShownLog,
        chats: Mapping[str, Chat],
        settings: Settings,
        clock: Clock,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._shown = shown
        self._chats = chats
        self._settings = settings
        self._clock = clock
        self._on_show = ""
        self.requests = AssistRequests(engine, clock, self)
        self.requests.analysed.connect(self._on_analysed)
        self.requests.not_analysed.connect(self._ask_for_cards)
        self.requests.retrieved.connect(self._on_retrieved)
        self.requests.generated.connect(self._on_generated)
        self.requests.not_generated.connect(self._on_not_generated)
        self.requests.found.connect(self._on_found)

    def apply_settings(self, settings: Settings) -> None:
        self._settings = settings

    def take_in(self, chat: Chat, message: Message) -> None:
        """A customer has written."""
        chat.expect_cards(message.message_id, self._clock.seconds())
        self.suggestions_pending.emit(chat.conversation_id)
        self.requests.analyse(chat.conversation, message)

    def resume(self, chat: Chat) -> None:
        """Take up a conversation of an earlier session where it was left."""
        newest = chat.conversation.last_customer_message
        if newest is None:
            return
        if chat.waiting_since is not None:
            chat.expect_cards(newest.message_id, self._clock.seconds())
        if newest.message_id in chat.analyses:
            self._ask_for_cards(chat.conversation_id, newest.message_id)
        else:
            self.requests.analyse(chat.conversation, newest)

    def show(self, chat: Chat) -> None:
        """The agent looks at this conversation from now on: tell everything that is known."""
        self._on_show = chat.conversation_id
        newest = chat.conversation.last_customer_message
        if newest is not None and newest.message_id in chat.analyses:
            analysis = chat.analyses[newest.message_id]
            self.analysis_ready.emit(chat.conversation_id, newest.message_id, analysis)
        self._show_cards(chat)
        self.knowledge_ready.emit(chat.conversation_id, chat.knowledge)
        if newest is not None and not chat.knowledge:
            self.requests.search(chat.conversation_id, newest.text)
        self.requests.show(chat.conversation_id)

    def show_none(self) -> None:
        self._on_show = ""

    def take_card(self, chat: Chat, index: int) -> str:
        """The text of a card, which counts as inserted now; "" if there is none."""
        card = chat.card(index)
        if card is None:
            return ""
        chat.has_taken_card = True
        self._shown.insert_card(chat.conversation_id, card.text)
        return card.text

    def dismiss_card(self, chat: Chat, index: int, reason: str) -> None:
        card = chat.dismiss_card(index)
        if card is not None:
            self._shown.dismiss_card(chat.conversation_id, card.text, reason)
            self._show_cards(chat)

    def end(self, chat: Chat) -> None:
        """Nothing is to be answered here any more."""
        self.requests.drop(chat.conversation_id)
        chat.clear_cards()

    @Slot(str, str, object)
    def _on_analysed(self, conversation_id: str, message_id: str, analysis: Analysis) -> None:
        self._chats[conversation_id].analyses[message_id] = analysis
        self.analysis_ready.emit(conversation_id, message_id, analysis)
        self.analysed.emit(conversation_id, message_id, analysis)
        self._ask_for_cards(conversation_id, message_id)

    @Slot(str, str)
    def _ask_for_cards(self, conversation_id: str, message_id: str) -> None:
        chat = self._chats[conversation_id]
        newest = chat.conversation.last_customer_message
        if newest is None or message_id != chat.awaited_for:
            return
        if self._settings.suggestions:
            values = chat.values(self._settings.agent_name)
            self.requests.suggest(chat.conversation, message_id, values)
        else:
            self._on_not_generated(conversation_id, message_id)
        if conversation_id == self._on_show:
            self.requests.search(conversation_id, newest.text)

    @Slot(str, str, object)
    def _on_retrieved(self, conversation_id: str, message_id: str, found: Suggestions) -> None:
        chat = self._chats[conversation_id]
        if found.suggestions and self._take_up(chat, message_id, found):
            self._show_cards(chat)

    @Slot(str, str, object)
    def _on_generated(self, conversation_id: str, message_id: str, found: Suggestions) -> None:
        self._take_up(self._chats[conversation_id], message_id, found)
        self._on_not_generated(conversation_id, message_id)

    @Slot(str, str)
    def _on_not_generated(self, conversation_id: str, message_id: str) -> None:
        """Nothing more is to come for this message."""
        chat = self._chats[conversation_id]
        if message_id == chat.awaited_for:
            chat.is_pending = False
            self._show_cards(chat)
            if chat.cards is None:
                nothing = Suggestions((), NoSuggestion.NOTHING_FITS)
                self.suggestions_ready.emit(conversation_id, nothing)

    @Slot(str, list)
    def _on_found(self, conversation_id: str, hits: list[KnowledgeHit]) -> None:
        self._chats[conversation_id].knowledge = hits
        self.knowledge_ready.emit(conversation_id, hits)

    def _take_up(self, chat: Chat, message_id: str, found: Suggestions) -> bool:
        may_jump = chat.conversation_id != self._on_show
        return chat.take_up_cards(message_id, found, self._settings.suggestions, jump=may_jump)

    def _show_cards(self, chat: Chat) -> None:
        if chat.cards is not None:
            if chat.conversation_id == self._on_show:
                self._note_shown(chat, chat.cards)
            self.suggestions_ready.emit(chat.conversation_id, chat.cards)
        if chat.is_pending:
            self.suggestions_pending.emit(chat.conversation_id)

    def _note_shown(self, chat: Chat, cards: Suggestions) -> None:
        analysis = chat.analyses.get(chat.cards_for)
        self._shown.show_cards(
            chat.conversation_id,
            chat.cards_for,
            cards.suggestions,
            model=analysis.model if analysis else "",
            latency_ms=(self._clock.seconds() - chat.arrived_s) * 1000,
            draft=chat.draft,
        )
