"""import and export: what goes into the database, and what leaves it as training data."""

from __future__ import annotations

import csv
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from desktop_assistant.cli.lines import write_line
from desktop_assistant.cli.opening import open_store, paths_of
from desktop_assistant.cli.parser import CommandParser, add_command, add_group, add_json
from desktop_assistant.conversation import language_of
from desktop_assistant.errors import RecordError, StoreError
from desktop_assistant.pack import read_articles
from desktop_assistant.training_example import parse_faq, read_dialogues, read_faq, write_records

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Sequence

    from desktop_assistant.cli.parser import Commands
    from desktop_assistant.store.database import Store
    from desktop_assistant.training_example import Dialogue, FaqEntry

FORMATS = ("sft", "intent", "sentiment")

Record = TypeVar("Record")


def add_commands(commands: Commands) -> None:
    """Declare ``import`` and ``export``."""
    group = add_group(commands, "import", "knowledge or transcripts into the database")
    kinds = group.add_subparsers(
        title="kinds", metavar="KIND", dest="kind", required=True, parser_class=CommandParser
    )
    knowledge = add_command(
        kinds,
        "knowledge",
        _run_import_knowledge,
        "questions with their answers, for suggestions and search",
        "FILE is JSON lines or CSV with the columns question, answer, lang and source (the last\n"
        "two may be missing), or Markdown in which each ## heading is a question and what follows\n"
        "it the answer. All files are read before anything is stored. Importing a file again\n"
        "brings its answers up to date.",
    )
    transcripts = add_command(
        kinds,
        "transcripts",
        _run_import_transcripts,
        "past chats, to learn from and to replay",
        "FILE is a dialogue file. All files are read before anything is stored; dialogues that\n"
        "are there already are passed over.",
    )
    for parser in (knowledge, transcripts):
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        add_json(parser)
    _add_export(commands)


def _add_export(commands: Commands) -> None:
    parser = add_command(
        commands,
        "export",
        _run_export,
        "stored decisions and corrections as training data",
        "sft: chats whose last message is what was really sent, as chat messages.\n"
        "intent, sentiment: customer messages whose label a person corrected or approved.\n\n"
        "E-mail addresses, phone, card, identity and order numbers and customers' names are\n"
        "replaced by placeholders. The file appears only when it is complete.",
    )
    parser.add_argument("format", choices=FORMATS, metavar="FORMAT", help=", ".join(FORMATS))
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help=".jsonl, or .jsonl.gz to compress"
    )
    parser.add_argument(
        "--since",
        type=moment,
        metavar="DATE",
        help="only what was sent or labelled from this day or time on, for example 2026-05-01 or "
        "2026-05-01T14:00 (local time, unless a time zone is given)",
    )
    parser.add_argument(
        "--approved-only", action="store_true", help="only what a supervisor has approved"
    )
    parser.add_argument(
        "--no-redact", action="store_true", help="keep personal data; do not share such a file"
    )
    add_json(parser)


def moment(written: str) -> datetime:
    """A date or time in ISO 8601, for ``type=``; local time where no zone is given."""
    return datetime.fromisoformat(written).astimezone()


def read_knowledge(path: Path) -> list[FaqEntry]:
    """Read a file of knowledge by its suffix; entries without a source get the file's name.

    Raises: RecordError naming the file, and the line where there is one.
    """
    name = path.name.removesuffix(".gz")
    suffix = Path(name).suffix.lower()
    readers: dict[str, Callable[[Path], list[FaqEntry]]] = {
        ".jsonl": read_faq,
        ".csv": _read_csv,
        ".md": _read_markdown,
        ".markdown": _read_markdown,
    }
    if suffix not in readers:
        message = f"{path}: knowledge comes as .jsonl, .jsonl.gz, .csv or .md."
        raise RecordError(message)
    entries = readers[suffix](path)
    source = name.removesuffix(Path(name).suffix)
    return [
        replace(
            entry,
            question=well_formed(entry.question),
            answer=well_formed(entry.answer),
            source=well_formed(entry.source or source),
            queries=tuple(map(well_formed, entry.queries)),
        )
        for entry in entries
    ]


def read_transcripts(path: Path) -> list[Dialogue]:
    """Read a dialogue file. Raises: RecordError naming the file and line."""
    return [
        replace(
            dialogue,
            dialogue_id=well_formed(dialogue.dialogue_id),
            domain=well_formed(dialogue.domain),
            customer_name=well_formed(dialogue.customer_name),
            turns=tuple(replace(turn, text=well_formed(turn.text)) for turn in dialogue.turns),
        )
        for dialogue in read_dialogues(path)
    ]


def well_formed(text: str) -> str:
    """Replace lone surrogates, which JSON can hold and a database cannot."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _run_export(arguments: argparse.Namespace) -> int:
    from desktop_assistant.redaction import redact_texts
    from desktop_assistant.store.export import export_records, leave_unredacted

    paths = paths_of(arguments)
    if not paths.database.exists():
        message = f"There is no database in {paths.home} yet, so there is nothing to export."
        raise StoreError(message)
    store = open_store(paths)
    try:
        count = _write_whole(
            arguments.out,
            export_records(
                store,
                arguments.format,
                since=arguments.since,
                approved_only=arguments.approved_only,
                redact=leave_unredacted if arguments.no_redact else redact_texts,
            ),
        )
    finally:
        store.close()
    if arguments.json:
        write_line({"records": count, "file": str(arguments.out)})
    else:
        print(f"{count} records written to {arguments.out}.")
    return 0


def _write_whole(path: Path, records: Iterable[dict[str, Any]]) -> int:
    """Write a file that others see complete or not at all. Raises: RecordError."""
    fresh = path.with_name(f".new-{path.name}")
    try:
        count = write_records(fresh, records)
        fresh.replace(path)
    except OSError as exc:
        message = f"{path} cannot be written: {exc.strerror}."
        raise RecordError(message) from exc
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
    return count


def _run_import_knowledge(arguments: argparse.Namespace) -> int:
    return _import(arguments, "entries", read_knowledge, lambda store: store.add_knowledge)


def _run_import_transcripts(arguments: argparse.Namespace) -> int:
    return _import(arguments, "dialogues", read_transcripts, lambda store: store.add_transcripts)


def _import(
    arguments: argparse.Namespace,
    noun: str,
    read: Callable[[Path], list[Record]],
    adder_of: Callable[[Store], Callable[[Sequence[Record]], int]],
) -> int:
    records = [record for path in arguments.files for record in read(path)]
    store = open_store(paths_of(arguments))
    try:
        added = adder_of(store)(records)
    finally:
        store.close()
    if arguments.json:
        write_line({"read": len(records), "added": added})
    else:
        print(f"{len(records)} {noun} read, {added} of them new.")
    return 0


def _read_csv(path: Path) -> list[FaqEntry]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            columns = [(name or "").strip().casefold() for name in rows.fieldnames or []]
            rows.fieldnames = columns
            if not {"question", "answer"} <= set(columns):
                message = f"{path}: the first line must name the columns question and answer."
                raise RecordError(message)
            return [_csv_entry(path, rows.line_num, row) for row in rows if any(row.values())]
    except (OSError, ValueError, csv.Error) as exc:
        message = f"{path} cannot be read as CSV in UTF-8: {exc}"
        raise RecordError(message) from exc


def _csv_entry(path: Path, number: int, row: dict[str, str | None]) -> FaqEntry:
    try:
        return parse_faq(dict(row))
    except RecordError as exc:
        message = f"{path}, line {number}: {exc}"
        raise RecordError(message) from exc


def _read_markdown(path: Path) -> list[FaqEntry]:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, ValueError) as exc:
        message = f"{path} cannot be read as Markdown in UTF-8: {exc}"
        raise RecordError(message) from exc
    entries = read_articles(text, "", path.stem)
    if not entries:
        message = f"{path} holds no article: each begins with a ## heading, its question."
        raise RecordError(message)
    return [replace(entry, lang=language_of(entry.question + entry.answer)) for entry in entries]
