from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop_assistant.inference.engine import EngineStatus, ModelStatus
from desktop_assistant.ui.labels import is_right_to_left, one_line, tooltip_text
from desktop_assistant.ui.message_bar import MessageBar
from desktop_assistant.ui.status_bar import StatusBar

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_assistant.ui.theme import Theme


def test_the_status_says_what_the_models_run_on_and_why(qtbot: QtBot) -> None:
    bar = StatusBar()
    qtbot.addWidget(bar)
    loading = bar.provider.text()
    models = (
        ModelStatus("understanding", "e5", "1.0.0", "CPU"),
        ModelStatus("reply", "smollm", "1.0.0", "CPU", "The file is damaged."),
    )

    bar.show_status(EngineStatus("CPU", "no CUDA driver", models))

    assert loading == "Models are loading…"
    assert bar.provider.text() == "Models run on CPU · no CUDA driver"
    assert "Understanding e5@1.0.0" in bar.models.text()
    assert "⚠ Replies: off" in bar.models.text()
    assert "The file is damaged." in bar.models.accessibleName()


def test_a_message_stays_until_it_is_closed(qtbot: QtBot, theme: Theme) -> None:
    bar = MessageBar(theme)
    qtbot.addWidget(bar)

    bar.show_message("The disk is full.", "error")
    shown = bar.isVisible(), bar.accessibleName()
    QTest.mouseClick(bar.close_button, Qt.MouseButton.LeftButton)

    assert shown == (True, "Problem: The disk is full.")
    assert not bar.isVisible()


def test_foreign_text_cannot_become_markup_or_break_lines() -> None:
    assert tooltip_text("<img src=x>\x07") == "<qt>&lt;img src=x&gt;</qt>"
    assert one_line("a\n\tb \u202ec") == "a b c"


def test_right_to_left_text_keeps_its_direction_to_itself() -> None:
    assert is_right_to_left("שלום")
    assert not is_right_to_left("您好 hello")
    assert one_line("שלום") == "\u2068שלום\u2069"
