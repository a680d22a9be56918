"""The settings, one row for each field of ``Settings``: a new field needs no code here."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from desktop_assistant.settings import Settings
from desktop_assistant.ui.labels import plain_label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TEXTS = (
    QT_TRANSLATE_NOOP("Settings", "Your name, as it stands in replies and corrections"),
    QT_TRANSLATE_NOOP("Settings", "Language of the window"),
    QT_TRANSLATE_NOOP("Settings", "Light or dark"),
    QT_TRANSLATE_NOOP("Settings", "What the models run on"),
    QT_TRANSLATE_NOOP("Settings", "Threads for the models; 0 chooses by itself"),
    QT_TRANSLATE_NOOP("Settings", "Complete my sentences in grey"),
    QT_TRANSLATE_NOOP("Settings", "A completion that comes later is not shown"),
    QT_TRANSLATE_NOOP("Settings", "How many replies are suggested"),
    QT_TRANSLATE_NOOP("Settings", "Tags that are less sure than this are shown in grey"),
    QT_TRANSLATE_NOOP("Settings", "The domain pack: what the assistant knows of your trade"),
)
"""The sentences of ``settings.Settings`` once more, because only literals reach translators."""

CHOICES = {
    "system": QT_TRANSLATE_NOOP("Settings", "As the system"),
    "en": "English",
    "zh_CN": "简体中文",
    "light": QT_TRANSLATE_NOOP("Settings", "Light"),
    "dark": QT_TRANSLATE_NOOP("Settings", "Dark"),
    "auto": QT_TRANSLATE_NOOP("Settings", "CUDA if it works here, else CPU"),
    "cpu": "CPU",
    "cuda": "CUDA",
}


class SettingsDialog(QDialog):
    """Edits a copy of the settings.

    ``settings`` is what stands in the fields now; ``accepted_settings`` carries it on OK.
    """

    accepted_settings = Signal(object)

    def __init__(
        self,
        settings: Settings,
        choices: Mapping[str, Sequence[str]],
        parent: QWidget | None = None,
    ) -> None:
        """``choices`` offers values for text settings that are no free text, such as the pack."""
        super().__init__(parent)
        self._before = settings
        self.fields: dict[str, QWidget] = {}
        self.setWindowTitle(self.tr("Settings"))
        self.setMinimumWidth(560)
        form = QFormLayout()
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        form.setHorizontalSpacing(24)
        form.setVerticalSpacing(10)
        hints = get_type_hints(Settings)
        for declared in dataclasses.fields(Settings):
            value = getattr(settings, declared.name)
            text = translated(str(declared.metadata["text"]))
            offered = choices.get(declared.name, ())
            field = _field(hints[declared.name], value, declared.metadata, offered, self)
            field.setAccessibleName(text)
            field.setMinimumWidth(200)
            self.fields[declared.name] = field
            form.addRow(text, field)
        note = plain_label("muted", self)
        note.setText(self.tr("Models and domain pack change at the next start."))
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        confirm = buttons.button(QDialogButtonBox.StandardButton.Ok)
        confirm.setProperty("look", "primary")
        confirm.style().polish(confirm)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(14)
        layout.addLayout(form)
        layout.addWidget(note)
        layout.addWidget(buttons)

    def accept(self) -> None:
        self.accepted_settings.emit(self.settings)
        super().accept()

    @property
    def settings(self) -> Settings:
        values: dict[str, Any] = {name: _value(field) for name, field in self.fields.items()}
        return dataclasses.replace(self._before, **values)


def translated(text: str) -> str:
    return QCoreApplication.translate("Settings", text)


def choice_title(choice: str) -> str:
    """What a person reads for a value of a setting."""
    return translated(str(CHOICES[choice])) if choice in CHOICES else choice


def _field(
    kind: object,
    value: Any,  # noqa: ANN401  # whatever the setting holds
    metadata: Mapping[str, Any],
    offered: Sequence[str],
    parent: QWidget,
) -> QWidget:
    if kind is bool:
        box = QCheckBox(parent)
        box.setChecked(value)
        return box
    if kind is int:
        spin = QSpinBox(parent)
        spin.setRange(metadata["low"], metadata["high"])
        spin.setSuffix(f" {metadata['unit']}" if metadata["unit"] else "")
        spin.setValue(value)
        return spin
    if get_origin(kind) is Literal:
        return _combo(get_args(kind), value, parent)
    if offered:
        return _combo(offered if value in offered else [value, *offered], value, parent)
    return QLineEdit(value, parent)


def _combo(values: Sequence[str], chosen: str, parent: QWidget) -> QComboBox:
    combo = QComboBox(parent)
    for value in values:
        combo.addItem(choice_title(value), value)
    combo.setCurrentIndex(combo.findData(chosen))
    return combo


def _value(field: QWidget) -> object:
    if isinstance(field, QCheckBox):
        return field.isChecked()
    if isinstance(field, QSpinBox):
        return field.value()
    if isinstance(field, QComboBox):
        return field.currentData()
    assert isinstance(field, QLineEdit)
    return field.text().strip()
