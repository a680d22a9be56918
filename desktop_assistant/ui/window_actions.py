"""What can be done from anywhere in the window: actions, their keys, and the menu."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from desktop_assistant.settings import ColourScheme, InterfaceLanguage
from desktop_assistant.ui.settings_dialog import choice_title

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_assistant.settings import Settings

CARD_KEYS = 3
CONVERSATION_KEYS = 9


class WindowActions:
    """The actions by name; ``retranslate`` gives them their words again."""

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self.menu = QMenu(window)
        self.by_name: dict[str, QAction] = {}
        self.languages = QActionGroup(window)
        self.schemes = QActionGroup(window)
        self._language_menu = QMenu(self.menu)
        self._scheme_menu = QMenu(self.menu)
        _add_choices(self._language_menu, self.languages, get_args(InterfaceLanguage))
        _add_choices(self._scheme_menu, self.schemes, get_args(ColourScheme))

    def add(self, name: str, keys: str, done: Callable[[], object]) -> QAction:
        """Add an action whose keys work everywhere in the window; ``done`` is a bound slot."""
        action = QAction(self._window)
        action.setShortcuts([QKeySequence(key) for key in keys.split("|") if key])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.triggered.connect(done)
        self._window.addAction(action)
        self.by_name[name] = action
        return action

    def fill_menu(self) -> None:
        """Arrange the menu from the actions that were added."""
        for name in ("resolve", "reopen", "correct_intent", ""):
            self._to_menu(name)
        self.menu.addMenu(self._language_menu)
        self.menu.addMenu(self._scheme_menu)
        for name in ("", "settings", "keys", "", "quit"):
            self._to_menu(name)

    def show_choices(self, settings: Settings) -> None:
        """Tick the language and scheme in use."""
        for group, value in (
            (self.languages, settings.language),
            (self.schemes, settings.colour_scheme),
        ):
            for action in group.actions():
                action.setChecked(action.data() == value)

    def retranslate(self) -> None:
        words = action_words()
        for name, action in self.by_name.items():
            action.setText(words.get(name, ""))
        self._language_menu.setTitle(QCoreApplication.translate("WindowActions", "Language"))
        self._scheme_menu.setTitle(QCoreApplication.translate("WindowActions", "Appearance"))
        for action in (*self.languages.actions(), *self.schemes.actions()):
            action.setText(choice_title(str(action.data())))

    def _to_menu(self, name: str) -> None:
        if name:
            self.menu.addAction(self.by_name[name])
        else:
            self.menu.addSeparator()


def action_words() -> dict[str, str]:
    """What the actions of the menu are called."""
    return {
        "resolve": QCoreApplication.translate("WindowActions", "Resolve conversation"),
        "reopen": QCoreApplication.translate("WindowActions", "Reopen last resolved"),
        "correct_intent": QCoreApplication.translate("WindowActions", "Correct the intent…"),
        "settings": QCoreApplication.translate("WindowActions", "Settings…"),
        "keys": QCoreApplication.translate("WindowActions", "Keys"),
        "quit": QCoreApplication.translate("WindowActions", "Quit"),
    }


def key_table() -> list[tuple[str, str]]:
    """Every key of the window and what it does, for the page that F1 opens."""
    return [
        ("Tab", QCoreApplication.translate("Keys", "Take the grey text")),
        ("Ctrl+Right", QCoreApplication.translate("Keys", "Take one word of it")),
        ("Esc", QCoreApplication.translate("Keys", "Dismiss the grey text")),
        ("Ctrl+Return", QCoreApplication.translate("Keys", "Send the reply")),
        ("Alt+1…3", QCoreApplication.translate("Keys", "Take a suggested reply")),
        ("Alt+4", QCoreApplication.translate("Keys", "Insert the first article")),
        ("Del", QCoreApplication.translate("Keys", "Dismiss the focused suggestion")),
        ("Ctrl+1…9", QCoreApplication.translate("Keys", "Go to a conversation")),
        ("Ctrl+Tab", QCoreApplication.translate("Keys", "Next conversation")),
        ("Ctrl+Shift+Tab", QCoreApplication.translate("Keys", "Previous conversation")),
        ("Ctrl+K", QCoreApplication.translate("Keys", "Search the conversations")),
        ("Ctrl+Shift+K", QCoreApplication.translate("Keys", "Search the knowledge base")),
        ("Ctrl+I", QCoreApplication.translate("Keys", "Correct the intent")),
        ("Ctrl+M", QCoreApplication.translate("Keys", "Correct the sentiment")),
        ("Ctrl+L", QCoreApplication.translate("Keys", "Go to the reply")),
        ("F6", QCoreApplication.translate("Keys", "Go to the next pane")),
        ("Ctrl+Shift+R", QCoreApplication.translate("Keys", "Resolve the conversation")),
        ("Ctrl+Shift+T", QCoreApplication.translate("Keys", "Reopen the one resolved last")),
        ("F10", QCoreApplication.translate("Keys", "Menu")),
        ("Ctrl+,", QCoreApplication.translate("Keys", "Settings")),
    ]


def _add_choices(menu: QMenu, group: QActionGroup, values: tuple[str, ...]) -> None:
    for value in values:
        action = menu.addAction(value)
        action.setCheckable(True)
        action.setData(value)
        group.addAction(action)
