from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from desktop_assistant import paths
from desktop_assistant.ui.theme import (
    AVATAR_COLOURS,
    DARK,
    LIGHT,
    Colours,
    Theme,
    avatar_colour,
    style_sheet,
)

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

TEXT_ON_GROUND = (
    ("text", "panel"),
    ("text", "canvas"),
    ("text", "raised"),
    ("text", "chip"),
    ("text", "accent_soft"),
    ("text", "customer_bubble"),
    ("text", "error_ground"),
    ("text", "warning_ground"),
    ("muted", "panel"),
    ("muted", "canvas"),
    ("muted", "raised"),
    ("muted", "chip"),
    ("muted", "accent_soft"),
    ("muted", "field"),
    ("ghost", "panel"),
    ("on_accent", "accent"),
    ("on_accent", "accent_hover"),
    ("accent_text", "accent_soft"),
    ("accent_text", "panel"),
    ("on_agent_bubble", "agent_bubble"),
)
MARK_ON_GROUND = (
    ("negative", "panel"),
    ("neutral", "panel"),
    ("positive", "panel"),
    ("accent", "panel"),
    ("accent", "canvas"),
    ("field_line", "panel"),
    ("negative", "error_ground"),
    ("neutral", "warning_ground"),
)


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = QColor(colour)
    channels = [part / 255 for part in (parts.red(), parts.green(), parts.blue())]
    linear = [c / 12.92 if c <= 0.04045 else float(((c + 0.055) / 1.055) ** 2.4) for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_ON_GROUND)
def test_text_stands_out_from_its_ground(colours: Colours, text: str, ground: str) -> None:
    ratio = contrast(getattr(colours, text), getattr(colours, ground))

    assert ratio >= 4.5


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("mark", "ground"), MARK_ON_GROUND)
def test_marks_and_borders_stand_out_from_their_ground(
    colours: Colours, mark: str, ground: str
) -> None:
    ratio = contrast(getattr(colours, mark), getattr(colours, ground))

    assert ratio >= 3.0


@pytest.mark.parametrize("colour", AVATAR_COLOURS)
def test_initials_stand_out_from_their_avatar(colour: str) -> None:
    assert contrast("#ffffff", colour) >= 4.5


def test_an_avatar_keeps_its_colour() -> None:
    assert avatar_colour("Anna Keller") == avatar_colour("Anna Keller")
    assert len({avatar_colour(name) for name in ("Anna", "王小明", "Marco", "李雪", "Tom")}) > 1


def test_the_style_sheet_uses_only_known_names() -> None:
    for colours in (LIGHT, DARK):
        assert "$" not in style_sheet(colours)


def test_every_colour_is_used_or_drawn() -> None:
    assert all(QColor(value).isValid() for value in dataclasses.asdict(DARK).values())


def test_a_change_of_scheme_reaches_palette_and_views(qtbot: QtBot, theme: Theme) -> None:
    with qtbot.waitSignal(theme.changed):
        theme.set_scheme("dark")

    assert theme.colours is DARK
    assert QApplication.palette().color(QPalette.ColorRole.Window).name() == DARK.panel


def test_an_unknown_system_scheme_counts_as_light(theme: Theme) -> None:
    theme.set_scheme("system")

    assert theme.colours is LIGHT


def test_every_icon_can_be_drawn(theme: Theme) -> None:
    names = [file.stem for file in (paths.resources_dir() / "icons").glob("*.svg")]

    drawn = {name: theme.icon(name, "#000000").pixmap(16, 16).toImage() for name in names}

    assert {"search", "close", "menu", "error", "warning", "notice", "app"} <= set(names)
    for name, image in drawn.items():
        assert any(image.pixelColor(x, y).alpha() for x in range(16) for y in range(16)), name


def test_a_missing_icon_is_named(theme: Theme) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        theme.icon("nowhere", "#000000")


def test_ten_thousand_signals_do_no_harm(theme: Theme) -> None:
    seen: list[int] = []
    theme.changed.connect(lambda: seen.append(1))

    for _ in range(10_000):
        theme.changed.emit()

    assert len(seen) == 10_000
