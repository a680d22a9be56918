from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop_assistant.analysis import LabelScore
from desktop_assistant.ui.intent_chips import IntentChips

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_assistant.pack import Pack

INTENTS = (LabelScore("delivery_problem", 0.91), LabelScore("get_refund", 0.24))


@pytest.fixture
def chips(qtbot: QtBot, pack: Pack) -> IntentChips:
    chips = IntentChips(pack, "en")
    qtbot.addWidget(chips)
    chips.show()
    chips.show_intents(INTENTS, 0.4)
    return chips


def test_chips_show_titles_and_scores_best_first(chips: IntentChips) -> None:
    assert [chip.text() for chip in chips.chips] == ["Delivery problem  0.91", "Refund  0.24 ?"]


def test_an_unsure_label_differs_in_more_than_colour(chips: IntentChips) -> None:
    sure, unsure = chips.chips

    assert (sure.property("level"), unsure.property("level")) == ("best", "unsure")
    assert unsure.text().endswith("?")
    assert "unsure" in unsure.accessibleName()


def test_noise_is_left_out(chips: IntentChips) -> None:
    chips.show_intents((*INTENTS, LabelScore("track_order", 0.01)), 0.4)

    assert len(chips.chips) == 2


def test_chips_follow_the_language(chips: IntentChips) -> None:
    chips.set_language("zh")

    assert chips.chips[0].text().startswith("物流异常")


def test_typing_and_enter_correct_the_intent(qtbot: QtBot, chips: IntentChips) -> None:
    picker = chips.open_picker()

    QTest.keyClicks(picker.search, "track")
    with qtbot.waitSignal(chips.corrected) as corrected:
        QTest.keyClick(picker.search, Qt.Key.Key_Return)

    assert corrected.args == ["track_order"]


def test_arrow_keys_move_in_the_list_while_the_search_has_the_focus(
    qtbot: QtBot, chips: IntentChips
) -> None:
    picker = chips.open_picker()
    before = picker.list.currentRow()

    QTest.keyClick(picker.search, Qt.Key.Key_Down)

    assert picker.list.currentRow() == before + 1
    picker.close()


def test_a_correction_stands_alone_with_a_tick(chips: IntentChips) -> None:
    chips.show_intents(INTENTS, 0.4, "get_refund")

    assert [chip.text() for chip in chips.chips] == ["✓ Refund"]
    assert "corrected by you" in chips.chips[0].accessibleName()


def test_no_analysis_leaves_a_sentence(chips: IntentChips) -> None:
    chips.show_intents((), 0.4)

    assert chips.chips == []
