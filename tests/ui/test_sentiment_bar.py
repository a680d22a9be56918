from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from desktop_assistant.ui.mood import mood_words, trend_of
from desktop_assistant.ui.sentiment_bar import SentimentBar

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_assistant.ui.theme import Theme


@pytest.fixture
def bar(qtbot: QtBot, theme: Theme) -> SentimentBar:
    bar = SentimentBar(theme)
    bar.resize(330, 80)
    qtbot.addWidget(bar)
    bar.show()
    bar.show_mood("negative", -0.28, (-0.9, -0.8, -0.28))
    return bar


@pytest.mark.parametrize(
    ("moods", "trend"),
    [
        ((), "steady"),
        ((0.4,), "steady"),
        ((-0.8, -0.2), "up"),
        ((0.5, 0.5, -0.3), "down"),
        ((0.1, 0.0, 0.1), "steady"),
    ],
)
def test_a_trend_needs_a_noticeable_change(moods: tuple[float, ...], trend: str) -> None:
    assert trend_of(moods) == trend


def test_words_tell_state_and_trend(qtbot: QtBot) -> None:
    assert mood_words("negative", -0.28, "up") == "Unhappy, easing ↗"
    assert mood_words("negative", -0.9, "down") == "Very unhappy, getting worse ↘"
    assert mood_words("positive", 0.8, "steady") == "Very happy, steady →"


def test_word_number_and_button_agree(bar: SentimentBar) -> None:
    assert bar.words.text() == "Unhappy, easing ↗"
    assert bar.number.text() == "−0.28"
    assert bar.buttons["negative"].isChecked()
    assert not bar.grab().isNull()


def test_a_click_on_the_scale_corrects(qtbot: QtBot, bar: SentimentBar) -> None:
    spot = QPoint(bar.scale.width() - 5, 10)

    with qtbot.waitSignal(bar.corrected) as corrected:
        QTest.mouseClick(bar.scale, Qt.MouseButton.LeftButton, pos=spot)

    assert corrected.args == ["positive"]


def test_keys_correct(qtbot: QtBot, bar: SentimentBar) -> None:
    bar.buttons["neutral"].setFocus()

    with qtbot.waitSignal(bar.corrected) as corrected:
        QTest.keyClick(bar.buttons["neutral"], Qt.Key.Key_Space)

    assert corrected.args == ["neutral"]


def test_the_same_sentiment_is_no_correction(bar: SentimentBar) -> None:
    corrected: list[str] = []
    bar.corrected.connect(corrected.append)

    bar.buttons["negative"].click()

    assert corrected == []


def test_a_correction_says_so(bar: SentimentBar) -> None:
    bar.show_mood("positive", 0.66, (-0.9, 0.66), is_corrected=True)

    assert bar.words.text() == "Positive (corrected by you)"


def test_nothing_known_cannot_be_corrected(bar: SentimentBar) -> None:
    bar.show_mood("", 0.0, ())

    assert not bar.buttons["neutral"].isEnabled()
    assert bar.number.text() == ""
