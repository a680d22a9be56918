"""The one entry point: the window, or a command."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_assistant.paths import UserPaths


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out a command, or open the window where there is none; return the exit status."""
    from desktop_assistant.cli.main import main as run_command

    return run_command(argv, open_window)


def open_window(paths: UserPaths) -> int:
    """Open the window with the user's settings.

    Raises: AssistantError with a sentence if something it needs cannot be used.
    """
    from desktop_assistant.errors import AssistantError
    from desktop_assistant.settings import read_settings

    try:
        from desktop_assistant.app import run_window
    except ImportError as exc:
        message = (
            f"The window cannot open: {exc.name or exc} is missing. Install it with "
            "pip install 'desktop-assistant[gui]'. All commands work without it, see --help."
        )
        raise AssistantError(message) from exc
    return run_window(read_settings(paths.settings), paths)


if __name__ == "__main__":
    sys.exit(main())
