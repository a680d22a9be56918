"""Text for people in a terminal: colours where they are wanted, tables that line up."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TextIO

from desktop_assistant.conversation import visible_text

if TYPE_CHECKING:
    from collections.abc import Sequence

ColourChoice = Literal["auto", "always", "never"]
Style = Literal["bold", "faint", "red", "green", "yellow", "blue", "cyan"]

_CODES: dict[Style, int] = {
    "bold": 1,
    "faint": 2,
    "red": 31,
    "green": 32,
    "yellow": 33,
    "blue": 34,
    "cyan": 36,
}


@dataclass(frozen=True, slots=True)
class Brush:
    """Paints text with ANSI colours, or leaves it plain."""

    is_coloured: bool

    def paint(self, text: str, *styles: Style) -> str:
        if not self.is_coloured or not styles:
            return text
        codes = ";".join(str(_CODES[style]) for style in styles)
        return f"\x1b[{codes}m{text}\x1b[0m"


def brush_for(choice: ColourChoice, stream: TextIO) -> Brush:
    """Colours on a terminal unless ``NO_COLOR`` is set (no-color.org), or as asked for."""
    if choice == "auto":
        return Brush(stream.isatty() and not os.environ.get("NO_COLOR"))
    return Brush(choice == "always")


def printable(text: str) -> str:
    """A message as it may reach a terminal: no escape sequences, on one line."""
    return " ".join(visible_text(text).split())


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out rows in columns that line up, wide (Chinese) characters counted as two."""
    cells = [list(headings), *([str(cell) for cell in row] for row in rows)]
    widths = [max(_width(cell) for cell in column) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in cells
    )


def milliseconds(value: float) -> str:
    """A duration in ms with as many digits as carry meaning."""
    return f"{value:.1f} ms" if value < 100 else f"{value:.0f} ms"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
