"""The settings: each declared once with its type, default, bounds and sentence."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

from desktop_assistant.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

InterfaceLanguage = Literal["system", "en", "zh_CN"]
ColourScheme = Literal["system", "light", "dark"]
Provider = Literal["auto", "cpu", "cuda"]


def _declare(default: Any, text: str, *, low: int = 0, high: int = 0, unit: str = "") -> Any:  # noqa: ANN401
    return field(default=default, metadata={"text": text, "low": low, "high": high, "unit": unit})


@dataclass(frozen=True, slots=True)
class Settings:
    """What a user can choose. Unknown keys in the file are kept out; wrong ones are refused."""

    agent_name: str = _declare("", "Your name, as it stands in replies and corrections")
    language: InterfaceLanguage = _declare("system", "Language of the window")
    colour_scheme: ColourScheme = _declare("system", "Light or dark")
    provider: Provider = _declare("auto", "What the models run on")
    threads: int = _declare(0, "Threads for the models; 0 chooses by itself", high=32)
    completions: bool = _declare(True, "Complete my sentences in grey")  # noqa: FBT003
    completion_deadline_ms: int = _declare(
        400, "A completion that comes later is not shown", low=20, high=5000, unit="ms"
    )
    suggestions: int = _declare(3, "How many replies are suggested", low=0, high=3)
    confidence_floor: int = _declare(
        40, "Tags that are less sure than this are shown in grey", high=100, unit="%"
    )
    pack: str = _declare("online_shop", "The domain pack: what the assistant knows of your trade")


def read_settings(path: Path) -> Settings:
    """Read a settings file; a missing file means the defaults.

    Raises: SettingsError if the file is not TOML or a value is out of bounds.
    """
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError) as exc:
        message = f"The settings in {path} cannot be read ({exc}). Correct or delete the file."
        raise SettingsError(message) from exc
    names = {declared.name for declared in dataclasses.fields(Settings)}
    known = {name: value for name, value in values.items() if name in names}
    for name, value in known.items():
        check(name, value)
    return Settings(**known)


def write_settings(path: Path, settings: Settings) -> None:
    """Replace the settings file as a whole, so that a crash leaves the old or the new one.

    Raises: SettingsError if the folder cannot be written.
    """
    lines = [f"{name} = {_toml(value)}" for name, value in dataclasses.asdict(settings).items()]
    fresh = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text("\n".join(lines) + "\n", "utf-8")
        fresh.replace(path)
    except OSError as exc:
        message = f"The settings cannot be saved in {path} ({exc.strerror})."
        raise SettingsError(message) from exc


def check(name: str, value: object) -> None:
    """Raises: SettingsError if ``value`` is not of the type or within the bounds of ``name``."""
    declared = Settings.__dataclass_fields__[name]
    wanted = get_type_hints(Settings)[name]
    if get_origin(wanted) is Literal:
        is_right = value in get_args(wanted)
        expected = "one of " + ", ".join(get_args(wanted))
    elif wanted is int:
        low, high = declared.metadata["low"], declared.metadata["high"]
        is_right = type(value) is int and low <= value <= high
        expected = f"a whole number from {low} to {high}"
    else:
        is_right = type(value) is wanted
        expected = {bool: "true or false", str: "a text"}[wanted]
    if not is_right:
        message = f"The setting {name} is {value!r}, but must be {expected}."
        raise SettingsError(message)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    text = str(value)
    escaped = "".join(
        f"\\u{ord(char):04x}" if ord(char) < 32 or char in '"\\' or ord(char) == 127 else char
        for char in text
    )
    return f'"{escaped}"'
