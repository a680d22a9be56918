"""The right pane: what the assistant understood and what it offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from desktop_assistant.ui import mood
from desktop_assistant.ui.intent_chips import IntentChips
from desktop_assistant.ui.knowledge_list import KnowledgeList
from desktop_assistant.ui.labels import ElidedLabel, plain_label
from desktop_assistant.ui.sentiment_bar import SentimentBar
from desktop_assistant.ui.suggestion_cards import SuggestionCards

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_assistant.analysis import Analysis
    from desktop_assistant.pack import Pack
    from desktop_assistant.ui.theme import Theme


class AssistPanel(QWidget):
    """Arranges chips, sentiment, cards and knowledge; each of them speaks for itself."""

    def __init__(self, theme: Theme, pack: Pack, lang: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pack = pack
        self._lang = lang
        self._floor = 0.0
        self._analysis: Analysis | None = None
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
        self._retranslate()

    def show_analysis(
        self,
        analysis: Analysis | None,
        moods: Sequence[float],
        floor: float,
        corrections: dict[str, str],
    ) -> None:
        """Show an analysis, None where there is none yet.

        Args:
            analysis: of the newest customer message.
            moods: of the conversation's customer messages, oldest first, -1 to 1.
            floor: labels less sure than this (0 to 1) are greyed.
            corrections: a person's word by target, intent or sentiment.
        """
        self._analysis, self._floor = analysis, floor
        intents = analysis.intents if analysis else ()
        self.chips.show_intents(intents, floor, corrections.get("intent", ""))
        corrected = corrections.get("sentiment", "")
        if corrected:
            value = mood.mood_of(corrected)
            moods = [*moods[:-1], value]
            self.sentiment.show_mood(corrected, value, moods, is_corrected=True)
        elif analysis:
            self.sentiment.show_mood(analysis.sentiment, analysis.mood, moods)
        else:
            self.sentiment.show_mood("", 0.0, ())
        self._show_next_step()

    def set_language(self, lang: str) -> None:
        self._lang = lang
        self.chips.set_language(lang)
        self._show_next_step()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()
        super().changeEvent(event)

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
        self._show_next_step()

    def _show_next_step(self) -> None:
        best = self._analysis.strategies[:1] if self._analysis else ()
        sure = [item.label for item in best if item.score >= self._floor]
        title = self._pack.title(sure[0], self._lang) if sure else ""
        self.next_step.setText(self.tr("Next: {0}").format(title) if title else "")


_SECTIONS = ("intent", "sentiment", "replies", "knowledge")
