"""Colours, fonts, icons and the style sheet, light and dark, changed at once.

Every pair of text and ground in ``LIGHT`` and ``DARK`` has a contrast of at least 4.5 (WCAG 2.2,
1.4.3 AA); the tests measure it. Views that paint themselves ask ``Theme.colours`` at each paint
and repaint on ``Theme.changed``.
"""

from __future__ import annotations

import dataclasses
import zlib
from dataclasses import dataclass
from string import Template
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QFile, QIODevice, QObject, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QGuiApplication,
    QIcon,
    QPainter,
    QPalette,
    QPixmap,
)
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from desktop_assistant import paths

if TYPE_CHECKING:
    from desktop_assistant.settings import ColourScheme

BODY_PX = 13
SMALL_PX = 12
TINY_PX = 11
"""Text sizes in device-independent pixels."""

FONT_FAMILIES = (
    "Inter",
    "Segoe UI Variable Text",
    "Segoe UI",
    "SF Pro Text",
    ".AppleSystemUIFont",
    "Noto Sans",
    "Noto Sans CJK SC",
    "Microsoft YaHei UI",
    "PingFang SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
)
"""Best first; a family that is not installed is passed over, glyph by glyph."""


@dataclass(frozen=True, slots=True)
class Colours:
    """The colours of one scheme, as ``#rrggbb``."""

    panel: str
    canvas: str
    field: str
    raised: str
    line: str
    field_line: str
    text: str
    muted: str
    ghost: str
    accent: str
    accent_hover: str
    on_accent: str
    accent_text: str
    accent_soft: str
    chip: str
    customer_bubble: str
    agent_bubble: str
    on_agent_bubble: str
    negative: str
    neutral: str
    positive: str
    error_ground: str
    warning_ground: str


LIGHT = Colours(
    panel="#ffffff",
    canvas="#f4f5f7",
    field="#f4f5f7",
    raised="#ffffff",
    line="#e2e5ea",
    field_line="#8b93a1",
    text="#16191f",
    muted="#5a6170",
    ghost="#6f7684",
    accent="#2868e8",
    accent_hover="#1f59cf",
    on_accent="#ffffff",
    accent_text="#1d57cf",
    accent_soft="#e5eefd",
    chip="#eceff3",
    customer_bubble="#ffffff",
    agent_bubble="#2868e8",
    on_agent_bubble="#ffffff",
    negative="#d03c3c",
    neutral="#b86e00",
    positive="#1a8656",
    error_ground="#fdeaea",
    warning_ground="#fdf3df",
)

DARK = Colours(
    panel="#1b1e25",
    canvas="#14161b",
    field="#14161b",
    raised="#1f232b",
    line="#2d323c",
    field_line="#6f7785",
    text="#e9ebef",
    muted="#a2a9b6",
    ghost="#858d9b",
    accent="#5b90f5",
    accent_hover="#78a5fa",
    on_accent="#0b1220",
    accent_text="#83adff",
    accent_soft="#22304e",
    chip="#2a2f39",
    customer_bubble="#282c35",
    agent_bubble="#2a5ccb",
    on_agent_bubble="#ffffff",
    negative="#f07373",
    neutral="#e5a44b",
    positive="#45c08c",
    error_ground="#43262a",
    warning_ground="#40351f",
)

AVATAR_COLOURS = (
    "#b3446c",
    "#2b7d5b",
    "#7a55b8",
    "#a8503c",
    "#2f6f9f",
    "#85661a",
    "#a0459a",
    "#54792b",
    "#5a60c4",
)
"""White stands on each of these, in both schemes."""


class Theme(QObject):
    """The look of the whole application; owned by the window, and complete once made.

    ``changed`` is emitted after palette and style sheet are in place.
    """

    changed = Signal()

    def __init__(self, scheme: ColourScheme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._scheme = scheme
        self._icons: dict[tuple[str, str, int], QIcon] = {}
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(self._on_system_scheme)
        self._apply()

    @property
    def is_dark(self) -> bool:
        """Whether dark colours are in use; an unknown system scheme counts as light."""
        if self._scheme == "system":
            return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        return self._scheme == "dark"

    @property
    def colours(self) -> Colours:
        return DARK if self.is_dark else LIGHT

    def set_scheme(self, scheme: ColourScheme) -> None:
        if scheme != self._scheme:
            self._scheme = scheme
            self._apply()

    def icon(self, name: str, colour: str, size: int = 16) -> QIcon:
        """The icon ``resources/icons/<name>.svg`` drawn in one colour, sharp at twice the size."""
        key = (name, colour, size)
        if key not in self._icons:
            self._icons[key] = QIcon(draw_icon(name, colour, size))
        return self._icons[key]

    @Slot(Qt.ColorScheme)
    def _on_system_scheme(self) -> None:
        if self._scheme == "system":
            self._apply()

    def _apply(self) -> None:
        app = QApplication.instance()
        if not isinstance(app, QApplication):
            message = "A theme needs a QApplication."
            raise TypeError(message)
        colours = self.colours
        if app.style().objectName() != "fusion":
            app.setStyle("Fusion")
        app.setFont(body_font())
        app.setPalette(palette(colours))
        app.setStyleSheet(style_sheet(colours))
        self.changed.emit()


def body_font() -> QFont:
    """The font of running text: Inter where it is installed, else the system's own."""
    families = [name for name in FONT_FAMILIES if name in QFontDatabase.families()]
    system = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont).family()
    font = QFont([*families, system])
    font.setPixelSize(BODY_PX)
    return font


def sized(font: QFont, pixels: int, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """The same font in another size and weight."""
    copy = QFont(font)
    copy.setPixelSize(pixels)
    copy.setWeight(weight)
    return copy


def avatar_colour(name: str) -> str:
    """A colour that stays the same for a name, in every session."""
    return AVATAR_COLOURS[zlib.crc32(name.encode("utf-8", "replace")) % len(AVATAR_COLOURS)]


def palette(colours: Colours) -> QPalette:
    """What Fusion draws by itself: menus, scroll bars, check boxes, spin boxes."""
    roles = {
        QPalette.ColorRole.Window: colours.panel,
        QPalette.ColorRole.WindowText: colours.text,
        QPalette.ColorRole.Base: colours.panel,
        QPalette.ColorRole.AlternateBase: colours.canvas,
        QPalette.ColorRole.Text: colours.text,
        QPalette.ColorRole.PlaceholderText: colours.muted,
        QPalette.ColorRole.Button: colours.raised,
        QPalette.ColorRole.ButtonText: colours.text,
        QPalette.ColorRole.BrightText: colours.text,
        QPalette.ColorRole.Highlight: colours.accent,
        QPalette.ColorRole.HighlightedText: colours.on_accent,
        QPalette.ColorRole.ToolTipBase: colours.raised,
        QPalette.ColorRole.ToolTipText: colours.text,
        QPalette.ColorRole.Link: colours.accent_text,
        QPalette.ColorRole.Accent: colours.accent,
    }
    made = QPalette(QColor(colours.raised), QColor(colours.panel))
    for role, colour in roles.items():
        made.setColor(role, QColor(colour))
    for role in (
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
        QPalette.ColorRole.WindowText,
    ):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(colours.ghost))
    return made


def style_sheet(colours: Colours) -> str:
    """``resources/style.qss`` with its ``$names`` filled; an unknown name is a KeyError."""
    source = (paths.resources_dir() / "style.qss").read_text("utf-8")
    sizes = {"body": f"{BODY_PX}px", "small": f"{SMALL_PX}px", "tiny": f"{TINY_PX}px"}
    # Images in a style sheet cannot take a colour from it, so some icons come in two shades.
    shade = "dark" if colours is DARK else "light"
    icons = (paths.resources_dir() / "icons").as_posix()
    return Template(source).substitute(
        dataclasses.asdict(colours), icons=icons, shade=shade, **sizes
    )


def draw_icon(name: str, colour: str, size: int) -> QPixmap:
    """A pixmap of ``size`` device-independent pixels; ``currentColor`` becomes ``colour``."""
    file = QFile(str(paths.resources_dir() / "icons" / f"{name}.svg"))
    if not file.open(QIODevice.OpenModeFlag.ReadOnly):
        message = f"The icon {name} is missing from resources/icons."
        raise FileNotFoundError(message)
    source = file.readAll().replace(QByteArray(b"currentColor"), QByteArray(colour.encode()))
    pixmap = QPixmap(QSize(size, size) * 2)
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(source).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return pixmap
