"""The right pane: what the assistant understood and what it offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from desktop_assistant.ui import mood
from desktop_assistant.ui.intent_chips import IntentChips
from desktop_assistant.ui.knowledge_list import KnowledgeList
from desktop_assistant.ui.labels import ElidedLabel, plain_label
from desktop_assistant.ui.sentiment_bar import SentimentBar
from desktop_assistant.ui.suggestion_cards import SuggestionCards

if TYPE_CHECKING:
    from desktop_assistant.analysis import Analysis
    from desktop_assistant.conversation import Message
    from desktop_assistant.pack import Pack
    from desktop_assistant.suggestion import KnowledgeHit, Suggestions
    from desktop_assistant.ui.desk import Desk
    from desktop_assistant.ui.theme import Theme


class AssistPanel(QWidget):
    """Chips, sentiment, cards and knowledge of the selected conversation.

    ``reply_taken`` carries a suggestion that shall replace the draft, ``answer_taken`` an answer
    from the knowledge base that shall go to the caret.
    """

    reply_taken = Signal(str)
    answer_taken = Signal(str)

    def __init__(  # what a view of the desk needs
        self,
        desk: Desk,
        theme: Theme,
        pack: Pack,
        lang: str,
        floor: float,
        parent: QWidget | None = None,
    ) -> None:
        """``floor`` (0 to 1): labels that are less sure are greyed."""
        super().__init__(parent)
        self._desk = desk
        self._pack = pack
        self._lang = lang
        self._floor = floor
        self._is_pending = False
        self.setObjectName("assist")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.chips = IntentChips(pack, lang, self)
        self.sentiment = SentimentBar(theme, self)
        self.cards = SuggestionCards(theme, self)
        self.knowledge = KnowledgeList(theme, self)
        self._title = plain_label("title", self)
        self._sections = {name: plain_label("section", self) for name in _SECTIONS}
        self.next_step = ElidedLabel("muted", self)
        self.next_step.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._lay_out()
        self._connect()
        self._retranslate()
        self._on_selected(desk.selected_id)

    def set_language(self, lang: str) -> None:
        self._lang = lang
        self.chips.set_language(lang)
        self._show_analysis()

    def set_floor(self, floor: float) -> None:
        self._floor = floor
        self._show_analysis()

    def take_reply(self, place: int) -> None:
        """Take the card at ``place``, from 0, into the composer, if there is one."""
        if self._desk.selected_id and place < len(self.cards.cards):
            text = self._desk.take_suggestion(self._desk.selected_id, place)
            if text:
                self.reply_taken.emit(text)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()
        super().changeEvent(event)

    def _connect(self) -> None:
        desk = self._desk
        desk.selected.connect(self._on_selected)
        desk.analysis_ready.connect(self._on_changed)
        desk.conversation_changed.connect(self._on_changed)
        desk.correction_saved.connect(self._on_changed)
        desk.suggestions_ready.connect(self._on_suggestions)
        desk.suggestions_pending.connect(self._on_pending)
        desk.knowledge_ready.connect(self._on_knowledge)
        desk.sent.connect(self._on_sent)
        self.chips.corrected.connect(self._on_intent_corrected)
        self.sentiment.corrected.connect(self._on_sentiment_corrected)
        self.cards.taken.connect(self.take_reply)
        self.cards.dismissed.connect(self._on_dismissed)
        self.knowledge.taken.connect(self.answer_taken)
        self.knowledge.searched.connect(self._on_searched)

    @Slot(str)
    def _on_selected(self, conversation_id: str) -> None:
        self._is_pending = False
        self.knowledge.clear_search()
        self.knowledge.show_hits(self._desk.knowledge(conversation_id) if conversation_id else ())
        self._show_cards()
        self._show_analysis()

    @Slot(str)
    @Slot(str, object)
    @Slot(str, str, object)
    def _on_changed(self, conversation_id: str, *_: object) -> None:
        if conversation_id == self._desk.selected_id:
            self._show_analysis()

    @Slot(str, object)
    def _on_suggestions(self, conversation_id: str, _found: Suggestions) -> None:
        if conversation_id == self._desk.selected_id:
            self._is_pending = False
            self._show_cards()

    @Slot(str)
    def _on_pending(self, conversation_id: str) -> None:
        if conversation_id == self._desk.selected_id:
            self._is_pending = True
            self._show_cards()

    @Slot(str, list)
    def _on_knowledge(self, conversation_id: str, hits: list[KnowledgeHit]) -> None:
        if conversation_id == self._desk.selected_id:
            self.knowledge.show_hits(hits)

    @Slot(str, object)
    def _on_sent(self, conversation_id: str, _message: Message) -> None:
        if conversation_id == self._desk.selected_id:
            self._on_selected(conversation_id)

    @Slot(str)
    def _on_intent_corrected(self, label: str) -> None:
        message_id = self._judged_message()
        if message_id:
            self._desk.correct_intent(self._desk.selected_id, message_id, label)

    @Slot(str)
    def _on_sentiment_corrected(self, label: str) -> None:
        message_id = self._judged_message()
        if message_id:
            self._desk.correct_sentiment(self._desk.selected_id, message_id, label)

    @Slot(int)
    def _on_dismissed(self, place: int) -> None:
        self._desk.dismiss_suggestion(place)

    @Slot(str)
    def _on_searched(self, query: str) -> None:
        """An emptied field brings back what fits the customer's newest message."""
        if not self._desk.selected_id:
            return
        newest = self._desk.view(self._desk.selected_id).conversation.last_customer_message
        wanted = query or (newest.text if newest else "")
        if wanted:
            self._desk.search_knowledge(wanted)

    def _judged_message(self) -> str:
        """The id of the newest message that was analysed, or ""."""
        shown = self._desk.selected_id
        if not shown:
            return ""
        analyses = self._desk.analyses(shown)
        messages = self._desk.view(shown).conversation.messages
        return next((m.message_id for m in reversed(messages) if m.message_id in analyses), "")

    def _show_analysis(self) -> None:
        shown = self._desk.selected_id
        if not shown:
            self.chips.show_intents((), self._floor)
            self.sentiment.show_mood("", 0.0, ())
            self.next_step.setText("")
            return
        view = self._desk.view(shown)
        message_id = self._judged_message()
        corrected = {
            correction.target: correction.corrected
            for correction in self._desk.corrections(shown)
            if correction.message_id == message_id
        }
        analysis = view.analysis
        intents = analysis.intents if analysis else ()
        self.chips.show_intents(intents, self._floor, corrected.get("intent", ""))
        self._show_mood(analysis, view.moods, corrected.get("sentiment", ""))
        self._show_next_step(analysis)

    def _show_mood(
        self, analysis: Analysis | None, moods: tuple[float, ...], corrected: str
    ) -> None:
        if analysis is None:
            self.sentiment.show_mood("", 0.0, ())
        elif corrected:
            value = mood.mood_of(corrected)
            self.sentiment.show_mood(corrected, value, (*moods[:-1], value), is_corrected=True)
        else:
            self.sentiment.show_mood(analysis.sentiment, analysis.mood, moods)

    def _show_next_step(self, analysis: Analysis | None) -> None:
        best = analysis.strategies[:1] if analysis else ()
        sure = [item.label for item in best if item.score >= self._floor]
        title = self._pack.title(sure[0], self._lang) if sure else ""
        self.next_step.setText(self.tr("Next: {0}").format(title) if title else "")

    def _show_cards(self) -> None:
        shown = self._desk.selected_id
        found = self._desk.suggestions(shown) if shown else None
        self.cards.show_suggestions(
            found.suggestions if found else (),
            found.reason if found else None,
            is_pending=self._is_pending,
        )

    def _lay_out(self) -> None:
        body = QWidget(self)
        body.setObjectName("assistBody")
        column = QVBoxLayout(body)
        column.setContentsMargins(16, 0, 12, 14)
        column.setSpacing(7)
        replies = QHBoxLayout()
        replies.addWidget(self._sections["replies"])
        replies.addWidget(self.next_step, 1)
        for heading, content in (
            (self._sections["intent"], self.chips),
            (self._sections["sentiment"], self.sentiment),
            (replies, self.cards),
            (self._sections["knowledge"], self.knowledge),
        ):
            if isinstance(heading, QLabel):
                column.addWidget(heading)
            else:
                column.addLayout(heading)
            column.addWidget(content)
            column.addSpacing(7)
        column.addStretch(1)
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(body)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 14, 4, 0)
        layout.setSpacing(8)
        self._title.setContentsMargins(16, 0, 0, 0)
        layout.addWidget(self._title)
        layout.addWidget(area, 1)

    def _retranslate(self) -> None:
        self._title.setText(self.tr("Assist"))
        titles = {
            "intent": self.tr("INTENT"),
            "sentiment": self.tr("SENTIMENT"),
            "replies": self.tr("SUGGESTED REPLIES"),
            "knowledge": self.tr("KNOWLEDGE"),
        }
        for name, label in self._sections.items():
            label.setText(titles[name])
        self._show_analysis()


_SECTIONS = ("intent", "sentiment", "replies", "knowledge")
