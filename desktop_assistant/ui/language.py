"""The language of the window: which one, and its translations installed at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QObject, QTranslator

from desktop_assistant import paths

if TYPE_CHECKING:
    from desktop_assistant.settings import InterfaceLanguage

WindowLanguage = Literal["en", "zh"]


def window_language(setting: InterfaceLanguage) -> WindowLanguage:
    """Chinese if it is asked for, or if the system speaks it; English otherwise."""
    if setting == "system":
        return "zh" if QLocale.system().language() == QLocale.Language.Chinese else "en"
    return "zh" if setting == "zh_CN" else "en"


class Translations(QObject):
    """Installs the translations of the program and of Qt's own dialogs.

    Every widget learns of a change by ``QEvent.LanguageChange``.
    """

    def __init__(self, setting: InterfaceLanguage, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._installed: list[QTranslator] = []
        self._lang: WindowLanguage = "en"
        self.use(setting)

    @property
    def lang(self) -> WindowLanguage:
        return self._lang

    def use(self, setting: InterfaceLanguage) -> None:
        lang = window_language(setting)
        if lang == self._lang and (lang == "en" or self._installed):
            return
        self._lang = lang
        self.remove()
        QLocale.setDefault(QLocale("zh_CN" if lang == "zh" else "en_GB"))
        if lang == "zh":
            ours = str(paths.resources_dir() / "translations")
            qts = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
            self._install("qtbase_zh_CN", qts)
            self._install("desktop_assistant_zh_CN", ours)

    def remove(self) -> None:
        """Take the translations out again; the window speaks English then."""
        for translator in self._installed:
            QCoreApplication.removeTranslator(translator)
        self._installed.clear()

    def _install(self, name: str, folder: str) -> None:
        translator = QTranslator(self)
        if translator.load(name, folder):
            self._installed.append(translator)
            QCoreApplication.installTranslator(translator)
