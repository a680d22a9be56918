"""The entry of the command line: which commands there are, and how they end."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from desktop_assistant import __version__
from desktop_assistant.cli import (
    benchmark,
    doctor,
    filters,
    library,
    models,
    replay,
    training,
)
from desktop_assistant.cli.lines import drop_standard_output
from desktop_assistant.cli.parser import WRONG_USAGE, CommandParser, add_home
from desktop_assistant.errors import AssistantError
from desktop_assistant.paths import user_paths

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from desktop_assistant.paths import UserPaths

INTERRUPTED = 130
"""What a shell expects of a program that ended with Ctrl-C: 128 + SIGINT."""

_PROGRAM = "desktop-assistant"


def main(
    argv: Sequence[str] | None = None, open_window: Callable[[UserPaths], int] | None = None
) -> int:
    """Carry out one command and return its exit status; nothing the user did raises.

    Args:
        argv: the words after the program's name; None takes those of the process.
        open_window: called when there is no command; without it the help is shown.
    """
    _speak_utf8()
    parser = build_parser()
    try:
        arguments = parser.parse_args(argv)
    except SystemExit as exc:
        return int(exc.code or 0)
    if sys.stdout is None or sys.stdout.closed:
        return _fail(_PROGRAM, "Standard output is closed, but the answers go there.")
    logging.basicConfig(
        level=logging.INFO if arguments.verbose else logging.ERROR,
        format="%(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    try:
        return _run(parser, arguments, open_window)
    except AssistantError as exc:
        return _fail(getattr(arguments, "prog", _PROGRAM), str(exc))
    except BrokenPipeError:
        drop_standard_output()
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED


def build_parser() -> CommandParser:
    """Every command with its options; what ``--help`` and the README show."""
    parser = CommandParser(
        prog=_PROGRAM,
        description="Live help for people who answer customers, offline. Without a command the "
        "window opens.",
        allow_abbrev=False,
    )
    add_home(parser, default=None)
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument("--verbose", action="store_true", help="tell more on standard error")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command", parser_class=CommandParser
    )
    for group in (filters, replay, library, training, models, benchmark, doctor):
        group.add_commands(commands)
    return parser


def _run(
    parser: CommandParser,
    arguments: argparse.Namespace,
    open_window: Callable[[UserPaths], int] | None,
) -> int:
    if arguments.command is not None:
        status: int = arguments.run(arguments)
        sys.stdout.flush()
        return status
    if open_window is not None:
        return open_window(user_paths(arguments.home))
    parser.print_help()
    return WRONG_USAGE


def _speak_utf8() -> None:
    """Write UTF-8 wherever we run: a console's own encoding may not know Chinese."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace")


def _fail(program: str, sentence: str) -> int:
    if sys.stderr is not None:
        print(f"{program}: {' '.join(sentence.split())}", file=sys.stderr)
    return WRONG_USAGE
