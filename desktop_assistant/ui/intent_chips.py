"""The intents of the newest customer message as chips that can be corrected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Signal, Slot
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from desktop_assistant.analysis import OUT_OF_SCOPE
from desktop_assistant.ui.flow_layout import FlowLayout
from desktop_assistant.ui.label_picker import LabelPicker
from desktop_assistant.ui.labels import plain_label

if TYPE_CHECKING:
    from desktop_assistant.analysis import LabelScore
    from desktop_assistant.pack import Pack

MAX_CHIPS = 3
LEAST_SCORE = 0.05
"""Labels below this are noise beside the best one, and only take room."""


class IntentChips(QWidget):
    """One chip a label, best first; a click or Space opens the list to correct it.

    ``corrected`` carries the label the agent chose.
    """

    corrected = Signal(str)

    def __init__(self, pack: Pack, lang: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pack = pack
        self._lang = lang
        self._floor = 0.0
        self._intents: tuple[LabelScore, ...] = ()
        self._correction = ""
        self.chips: list[QPushButton] = []
        self._empty = plain_label("muted", self)
        self._row = QWidget(self)
        self._flow = FlowLayout(self._row)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._empty)
        layout.addWidget(self._row)
        self._rebuild()

    def show_intents(
        self, intents: tuple[LabelScore, ...], floor: float, correction: str = ""
    ) -> None:
        """Show the best labels; those under ``floor`` (0 to 1) are greyed and said to be unsure.

        ``correction`` is the label a person chose, or "".
        """
        if (intents, floor, correction) != (self._intents, self._floor, self._correction):
            self._intents, self._floor, self._correction = intents, floor, correction
            self._rebuild()

    def set_language(self, lang: str) -> None:
        if lang != self._lang:
            self._lang = lang
            self._rebuild()

    @Slot()
    def open_picker(self) -> LabelPicker:
        """Open the list of labels below the first chip."""
        return self._open_picker(self.chips[0] if self.chips else self)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._rebuild()
        super().changeEvent(event)

    def _rebuild(self) -> None:
        had_focus = next((i for i, chip in enumerate(self.chips) if chip.hasFocus()), None)
        for chip in self.chips:
            self._flow.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        self.chips = [self._chip(*row) for row in self._rows()]
        for chip in self.chips:
            self._flow.addWidget(chip)
            chip.show()
        if had_focus is not None and self.chips:
            self.chips[min(had_focus, len(self.chips) - 1)].setFocus()
        self._empty.setText(self.tr("No customer message yet"))
        self._empty.setVisible(not self.chips)
        self._row.setVisible(bool(self.chips))
        self._flow.invalidate()
        self.updateGeometry()

    def _rows(self) -> list[tuple[str, float | None]]:
        """(label, score) of each chip; a correction stands alone, without a score."""
        if self._correction:
            return [(self._correction, None)]
        best = [
            (item.label, item.score)
            for place, item in enumerate(self._intents[:MAX_CHIPS])
            if place == 0 or item.score >= LEAST_SCORE
        ]
        return list(best)

    def _chip(self, label: str, score: float | None) -> QPushButton:
        title = self._pack.title(label, self._lang)
        title = title[:1].upper() + title[1:]
        chip = QPushButton(self._row)
        chip.setProperty("look", "chip")
        if score is None:
            chip.setText(f"✓ {title}")
            chip.setProperty("level", "best")
            spoken = self.tr("Intent: {0}, corrected by you").format(title)
        elif score < self._floor or label == OUT_OF_SCOPE:
            chip.setText(f"{title}  {score:.2f} ?")
            chip.setProperty("level", "unsure")
            spoken = self.tr("Intent: {0}, {1} %, unsure").format(title, round(score * 100))
        else:
            chip.setText(f"{title}  {score:.2f}")
            chip.setProperty("level", "other" if self._is_second(label) else "best")
            spoken = self.tr("Intent: {0}, {1} %").format(title, round(score * 100))
        chip.setAccessibleName(spoken)
        chip.setAccessibleDescription(self.tr("Opens the list of intents to correct it"))
        chip.setToolTip(self.tr("Click to correct"))
        chip.clicked.connect(self._on_chip_clicked)
        return chip

    def _is_second(self, label: str) -> bool:
        return bool(self._intents) and label != self._intents[0].label

    @Slot()
    def _on_chip_clicked(self) -> None:
        chip = self.sender()
        self._open_picker(chip if isinstance(chip, QWidget) else self)

    def _open_picker(self, anchor: QWidget) -> LabelPicker:
        titles = [
            (label, self._pack.title(label, self._lang)) for label in self._pack.intent_labels
        ]
        chosen = self._correction or (self._intents[0].label if self._intents else "")
        picker = LabelPicker(sorted(titles, key=lambda pair: pair[1].casefold()), chosen, self)
        picker.picked.connect(self.corrected)
        picker.open_below(anchor)
        return picker
