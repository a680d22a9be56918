from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, get_args

import pytest
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QSpinBox

from desktop_assistant.settings import ColourScheme, InterfaceLanguage, Provider, Settings
from desktop_assistant.ui.language import Translations
from desktop_assistant.ui.settings_dialog import SettingsDialog, choice_title, translated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot


@pytest.fixture
def chinese(qtbot: QtBot) -> Iterator[Translations]:
    translations = Translations("zh_CN")
    yield translations
    translations.use("en")


def test_every_setting_has_a_field_that_can_be_named(qtbot: QtBot) -> None:
    dialog = SettingsDialog(Settings(), {})
    qtbot.addWidget(dialog)

    names = [declared.name for declared in dataclasses.fields(Settings)]

    assert list(dialog.fields) == names
    assert all(field.accessibleName() for field in dialog.fields.values())


def test_untouched_settings_come_back_the_same(qtbot: QtBot) -> None:
    settings = Settings(agent_name="Li", language="zh_CN", threads=2, completions=False)
    dialog = SettingsDialog(settings, {"pack": ["online_shop", "bank"]})
    qtbot.addWidget(dialog)

    assert dialog.settings == settings


def test_changes_are_handed_over_on_ok(qtbot: QtBot) -> None:
    dialog = SettingsDialog(Settings(), {"pack": ["online_shop", "bank"]})
    qtbot.addWidget(dialog)
    name, scheme = dialog.fields["agent_name"], dialog.fields["colour_scheme"]
    floor, completions = dialog.fields["confidence_floor"], dialog.fields["completions"]
    pack = dialog.fields["pack"]
    assert isinstance(name, QLineEdit)
    assert isinstance(scheme, QComboBox)
    assert isinstance(floor, QSpinBox)
    assert isinstance(completions, QCheckBox)
    assert isinstance(pack, QComboBox)

    name.setText(" Li ")
    scheme.setCurrentIndex(scheme.findData("dark"))
    floor.setValue(999)
    completions.setChecked(False)
    pack.setCurrentIndex(pack.findData("bank"))
    with qtbot.waitSignal(dialog.accepted_settings) as accepted:
        dialog.accept()

    assert accepted.args == [
        Settings(
            agent_name="Li",
            colour_scheme="dark",
            confidence_floor=100,
            completions=False,
            pack="bank",
        )
    ]


def test_every_setting_reads_as_chinese(chinese: Translations) -> None:
    for declared in dataclasses.fields(Settings):
        text = str(declared.metadata["text"])
        assert translated(text) != text, declared.name


def test_every_choice_has_a_title() -> None:
    for kind in (InterfaceLanguage, ColourScheme, Provider):
        assert all(choice_title(value) != value for value in get_args(kind))
