from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton

from desktop_assistant.suggestion import KnowledgeHit, NoSuggestion, Suggestion
from desktop_assistant.ui.knowledge_list import KnowledgeList
from desktop_assistant.ui.suggestion_cards import SuggestionCards

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_assistant.ui.theme import Theme

REPLIES = (
    Suggestion("I am sorry.", "canned", 0.92, "c1", "Apology"),
    Suggestion("<b>We</b> will check.", "generated", 0.6, "smollm@1"),
)


@pytest.fixture
def cards(qtbot: QtBot, theme: Theme) -> SuggestionCards:
    cards = SuggestionCards(theme)
    cards.resize(340, 400)
    qtbot.addWidget(cards)
    cards.show()
    cards.show_suggestions(REPLIES, None, is_pending=False)
    return cards


def test_cards_tell_source_score_and_key(cards: SuggestionCards) -> None:
    first = cards.cards[0]

    assert first.origin.text() == "Canned reply · Apology"
    assert first.score.text() == "92 %"
    assert first.key.text() == "Alt+1"
    assert first.accessibleName() == "Suggested reply 1: I am sorry."


def test_enter_takes_a_card(qtbot: QtBot, cards: SuggestionCards) -> None:
    with qtbot.waitSignal(cards.taken) as taken:
        QTest.keyClick(cards.cards[1], Qt.Key.Key_Return)

    assert taken.args == [1]


def test_the_x_dismisses_without_taking(qtbot: QtBot, cards: SuggestionCards) -> None:
    taken: list[int] = []
    cards.taken.connect(taken.append)
    button = cards.cards[0].findChild(QToolButton)
    assert button is not None

    with qtbot.waitSignal(cards.dismissed) as dismissed:
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    assert dismissed.args == [0]
    assert taken == []
    assert button.accessibleName() == "Dismiss suggestion 1"


def test_delete_dismisses_the_focused_card(qtbot: QtBot, cards: SuggestionCards) -> None:
    with qtbot.waitSignal(cards.dismissed) as dismissed:
        QTest.keyClick(cards.cards[1], Qt.Key.Key_Delete)

    assert dismissed.args == [1]


def test_no_cards_come_with_a_reason(cards: SuggestionCards) -> None:
    cards.show_suggestions((), NoSuggestion.NO_MODEL, is_pending=False)

    assert cards.cards == []
    assert cards.note.text() == "No model for replies is installed."


@pytest.mark.parametrize("reason", [*NoSuggestion, None])
def test_every_reason_has_a_sentence(cards: SuggestionCards, reason: NoSuggestion | None) -> None:
    cards.show_suggestions((), reason, is_pending=False)

    assert cards.note.text().endswith(".")


def test_cards_stay_while_better_ones_are_looked_for(cards: SuggestionCards) -> None:
    cards.show_suggestions(REPLIES, None, is_pending=True)

    assert len(cards.cards) == 2
    assert cards.note.text() == "Looking for more replies…"


def test_the_focus_survives_fresh_cards(qtbot: QtBot, cards: SuggestionCards) -> None:
    cards.activateWindow()
    cards.cards[0].setFocus()

    cards.show_suggestions(REPLIES[:1], None, is_pending=False)

    assert cards.focusWidget() is cards.cards[0]


def test_a_search_waits_for_a_pause_and_asks_once(qtbot: QtBot, theme: Theme) -> None:
    knowledge = KnowledgeList(theme)
    qtbot.addWidget(knowledge)
    asked: list[str] = []
    knowledge.searched.connect(asked.append)

    QTest.keyClicks(knowledge.search, "late parcel")
    qtbot.waitUntil(lambda: bool(asked))

    assert asked == ["late parcel"]


def test_the_first_article_can_be_taken_by_its_key(qtbot: QtBot, theme: Theme) -> None:
    knowledge = KnowledgeList(theme)
    qtbot.addWidget(knowledge)
    knowledge.show_hits([KnowledgeHit("How long?", "Three days.", 0.8, "en/shipping")])

    with qtbot.waitSignal(knowledge.taken) as taken:
        knowledge.take_first()

    assert taken.args == ["Three days."]
    assert knowledge.cards[0].key.text() == "Alt+4"
    assert knowledge.cards[0].accessibleDescription() == "Inserts the answer: Three days."
