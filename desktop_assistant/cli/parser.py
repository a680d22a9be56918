"""How the commands are declared: one parser class, one way to add a command."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING, NoReturn, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    Commands: TypeAlias = "argparse._SubParsersAction[CommandParser]"
    Run: TypeAlias = Callable[[argparse.Namespace], int]

WRONG_USAGE = 2
"""The exit status for wrong usage, and for a model or database that cannot be used."""

SOME_FAILED = 1
"""The exit status when the command ran, but not all of its input or checks were good."""


class CommandParser(argparse.ArgumentParser):
    """Tells a mistake in one sentence, without the usage block that argparse puts before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(WRONG_USAGE, f"{self.prog}: {message} (see {self.prog} --help)\n")


def add_command(
    commands: Commands, name: str, run: Run, summary: str, description: str = ""
) -> CommandParser:
    """Add a command that ``run`` carries out, with ``--home`` as every command has it."""
    parser = add_group(commands, name, summary, description)
    parser.set_defaults(run=run, prog=parser.prog)
    return parser


def add_group(commands: Commands, name: str, summary: str, description: str = "") -> CommandParser:
    """Add a command that needs a second word, for example ``models list``."""
    parser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.\n\n{description}".rstrip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_home(parser, default=argparse.SUPPRESS)
    return parser


def add_home(parser: argparse.ArgumentParser, default: str | None) -> None:
    """Declare ``--home``; ``default`` is SUPPRESS where an outer parser has set it already."""
    parser.add_argument(
        "--home",
        metavar="DIR",
        default=default,
        help="where user data lives: database, settings, own models, logs (default: "
        "$DESKTOP_ASSISTANT_HOME, else the platform's user-data folder)",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Declare ``--json``."""
    parser.add_argument("--json", action="store_true", help="answer in JSON, for programs")


def add_model(parser: argparse.ArgumentParser) -> None:
    """Declare ``--model``."""
    parser.add_argument(
        "--model",
        metavar="NAME[@VERSION]",
        help="use this model in place of the active one of its task (see models list)",
    )


def positive_int(written: str) -> int:
    """A whole number of at least 1, for ``type=``."""
    number = int(written)
    if number < 1:
        message = "must be 1 or more"
        raise argparse.ArgumentTypeError(message)
    return number


def positive_number(written: str) -> float:
    """A finite number above 0, for ``type=``."""
    number = float(written)
    if not 0 < number < math.inf:
        message = "must be above 0"
        raise argparse.ArgumentTypeError(message)
    return number


def seconds(written: str) -> float:
    """A finite number of seconds, 0 or more, for ``type=``."""
    number = float(written)
    if not 0 <= number < 3600:
        message = "must lie between 0 and 3600"
        raise argparse.ArgumentTypeError(message)
    return number
