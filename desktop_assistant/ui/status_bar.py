"""What the models run on, why, and which versions they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QStatusBar, QWidget

from desktop_assistant.ui.labels import ElidedLabel, plain_label, tooltip_text

if TYPE_CHECKING:
    from desktop_assistant.inference.engine import EngineStatus, ModelStatus


class StatusBar(QStatusBar):
    """Left the provider and its reason, right the models; a tooltip holds every problem."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._status: EngineStatus | None = None
        self.setSizeGripEnabled(False)
        self.provider = ElidedLabel("tiny", self)
        self.models = plain_label("tiny", self)
        self.setContentsMargins(10, 0, 10, 0)
        self.addWidget(self.provider, 1)
        self.addPermanentWidget(self.models)
        self._refresh()

    def show_status(self, status: EngineStatus | None) -> None:
        """Show a status; None while the models are still loading."""
        self._status = status
        self._refresh()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._refresh()
        super().changeEvent(event)

    def _refresh(self) -> None:
        status = self._status
        if status is None:
            self.provider.setText(self.tr("Models are loading…"))
            self.models.setText("")
            return
        runs_on = self.tr("Models run on {0}").format(status.provider)
        note = status.provider_note
        self.provider.setText(f"{runs_on} · {note}" if note else runs_on)
        self.provider.setToolTip(tooltip_text(self.provider.text()))
        self.models.setText("   ".join(_short(model) for model in status.models))
        self.models.setToolTip(tooltip_text("\n".join(_long(model) for model in status.models)))
        self.models.setAccessibleName("; ".join(_long(model) for model in status.models))


def task_title(task: str) -> str:
    titles = {
        "understanding": QCoreApplication.translate("StatusBar", "Understanding"),
        "reply": QCoreApplication.translate("StatusBar", "Replies"),
        "completion": QCoreApplication.translate("StatusBar", "Completion"),
        "strategy": QCoreApplication.translate("StatusBar", "Strategy"),
    }
    return titles.get(task, task)


def _short(model: ModelStatus) -> str:
    if model.problem:
        off = QCoreApplication.translate("StatusBar", "off")
        return f"⚠ {task_title(model.task)}: {off}"
    return f"{task_title(model.task)} {model.name}@{model.version}"


def _long(model: ModelStatus) -> str:
    text = f"{task_title(model.task)}: {model.name}@{model.version}, {model.provider}"
    return f"{text}. {model.problem}" if model.problem else text
