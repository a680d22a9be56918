"""doctor: what would keep the assistant from working here."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass
from importlib import metadata
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

from desktop_assistant import __version__
from desktop_assistant.cli.lines import write_line
from desktop_assistant.cli.models import problem_of
from desktop_assistant.cli.opening import open_store, paths_of, registry_of
from desktop_assistant.cli.parser import SOME_FAILED, add_command, add_json
from desktop_assistant.cli.terminal import brush_for, table
from desktop_assistant.errors import AssistantError
from desktop_assistant.paths import models_dir, pack_dir
from desktop_assistant.settings import read_settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from desktop_assistant.cli.parser import Commands
    from desktop_assistant.cli.terminal import Style
    from desktop_assistant.paths import UserPaths

Verdict = Literal["ok", "note", "problem"]

NEEDED_PACKAGES = ("numpy", "onnxruntime", "platformdirs", "sqlite-utils", "tokenizers")
OPTIONAL_PACKAGES = {
    "PySide6-Essentials": "the window (pip install 'desktop-assistant[gui]')",
    "torch": "train (pip install 'desktop-assistant[training]')",
}
LOW_DISK_BYTES = 500_000_000
"""Below this a trained model, which is up to 150 MB twice, and a day's database may not fit."""

_STYLES: dict[Verdict, Style] = {"ok": "green", "note": "yellow", "problem": "red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; a ``problem`` keeps the assistant from working."""

    subject: str
    verdict: Verdict
    detail: str


def add_commands(commands: Commands) -> None:
    """Declare ``doctor``."""
    parser = add_command(
        commands,
        "doctor",
        _run,
        "what would keep the assistant from working here",
        "Looks at versions, what the models can run on (CUDA or why not), the models' hashes, the\n"
        "database, the domain pack, the disk and the user's folder. Exit status 1 if something\n"
        "would keep the assistant from working.",
    )
    add_json(parser)


def examine(paths: UserPaths) -> list[Finding]:
    """Look at everything; nothing is changed, and no check keeps another from running."""
    checks: tuple[Callable[[UserPaths], Iterator[Finding]], ...] = (
        _versions,
        _providers,
        _models,
        _settings_and_pack,
        _database,
        _home,
    )
    findings: list[Finding] = []
    for check in checks:
        try:
            findings += check(paths)
        except AssistantError as exc:
            subject = check.__name__.strip("_").replace("_", " ")
            findings.append(Finding(subject, "problem", str(exc)))
    return findings


def _run(arguments: argparse.Namespace) -> int:
    findings = examine(paths_of(arguments))
    problems = sum(one.verdict == "problem" for one in findings)
    if arguments.json:
        write_line({"ok": not problems, "findings": [asdict(one) for one in findings]})
        return SOME_FAILED if problems else 0
    brush = brush_for("auto", sys.stdout)
    lines = table(
        ["", "", ""], [[one.verdict, one.subject, one.detail] for one in findings]
    ).splitlines()[1:]
    for finding, line in zip(findings, lines, strict=True):
        verdict = finding.verdict
        print(brush.paint(verdict, _STYLES[verdict]) + line[len(verdict) :])
    print(
        f"\n{problems} to mend before the assistant can work." if problems else "\nReady to work."
    )
    return SOME_FAILED if problems else 0


def _versions(_: UserPaths) -> Iterator[Finding]:
    yield Finding("desktop-assistant", "ok", __version__)
    is_supported = sys.version_info >= (3, 11)
    yield Finding(
        "python",
        "ok" if is_supported else "problem",
        f"{platform.python_version()} on {platform.platform()}, {os.cpu_count()} processors",
    )
    import sqlite3

    yield Finding("sqlite", "ok", sqlite3.sqlite_version)
    for name in NEEDED_PACKAGES:
        version = _version(name)
        if name == "onnxruntime":
            version = version or _version("onnxruntime-gpu")
        advice = "missing: pip install 'desktop-assistant[cpu]'"
        yield Finding(name, "ok" if version else "problem", version or advice)
    for name, purpose in OPTIONAL_PACKAGES.items():
        version = _version(name)
        yield Finding(name, "ok" if version else "note", version or f"missing: needed by {purpose}")


def _providers(_: UserPaths) -> Iterator[Finding]:
    try:
        from desktop_assistant.inference.providers import provider_report
    except ImportError as exc:
        yield Finding("providers", "problem", f"The models cannot run: {exc}")
        return
    report = provider_report("cuda")
    yield Finding("runs on", "ok" if report.usable else "problem", ", ".join(report.usable))
    yield Finding("built in", "ok", ", ".join(report.built_in))
    if report.note:
        yield Finding("CUDA", "note", report.note)


def _models(paths: UserPaths) -> Iterator[Finding]:
    from desktop_assistant.inference.registry import TASKS

    registry = registry_of(paths)
    cards = registry.list()
    if not cards:
        yield Finding("models", "problem", f"There are none in {models_dir()} or {paths.models}.")
        return
    for card in cards:
        problem = problem_of(registry, card)
        said = problem or f"{card.task}, all hashes are right"
        yield Finding(card.label, "problem" if problem else "ok", said)
    for sentence in registry.problems():
        yield Finding("models", "problem", sentence)
    for task in TASKS:
        yield Finding(f"active for {task}", "ok", registry.active(task).label)


def _settings_and_pack(paths: UserPaths) -> Iterator[Finding]:
    from desktop_assistant.pack import read_pack

    settings = read_settings(paths.settings)
    yield Finding("settings", "ok", str(paths.settings) if paths.settings.exists() else "defaults")
    pack = read_pack(pack_dir(settings.pack))
    yield Finding(
        "domain pack",
        "ok",
        f"{pack.name}: {len(pack.intent_labels)} intents, {len(pack.canned_replies)} canned "
        f"replies, {len(pack.knowledge)} articles",
    )


def _database(paths: UserPaths) -> Iterator[Finding]:
    """Opening a store would mend it; a look first, since a doctor's visit changes nothing."""
    from desktop_assistant.store.faults import store_errors
    from desktop_assistant.store.opening import Condition, inspect

    if not paths.database.exists():
        yield Finding("database", "ok", f"none yet; it will be {paths.database}")
        return
    with store_errors(paths.database):
        condition = inspect(paths.database)
    if condition is not Condition.UP_TO_DATE:
        is_older = condition is Condition.OLDER
        detail = "older; it is brought up to date" if is_older else "damaged; it is recovered"
        detail = f"{paths.database} is {detail} when the assistant starts."
        yield Finding("database", "note" if is_older else "problem", detail)
        return
    store = open_store(paths)
    try:
        problems = store.check()
    finally:
        store.close()
    size = f"{paths.database}, {paths.database.stat().st_size / 1e6:.1f} MB"
    yield Finding("database", "problem" if problems else "ok", "; ".join(problems) or size)


def _home(paths: UserPaths) -> Iterator[Finding]:
    existing = next(folder for folder in (paths.home, *paths.home.parents) if folder.exists())
    problem = _write_problem(existing)
    yield Finding("home", "problem" if problem else "ok", problem or str(paths.home))
    free = shutil.disk_usage(existing).free
    detail = f"{free / 1e9:.1f} GB free"
    if free < LOW_DISK_BYTES:
        detail += f"; make room, at least {LOW_DISK_BYTES / 1e9:.1f} GB are advised"
    yield Finding("disk", "note" if free < LOW_DISK_BYTES else "ok", detail)


def _write_problem(folder: Path) -> str:
    """Why nothing can be written to ``folder``, tried with a file that vanishes again."""
    if not folder.is_dir():
        return f"{folder} is not a folder. Choose another with --home."
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"x")
    except OSError as exc:
        return f"{folder} cannot be written ({exc.strerror}). Choose another with --home."
    return ""


def _version(package: str) -> str:
    """The version, "installed" where a package does not say (in a frozen program), or ""."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        module = package.removesuffix("-Essentials").replace("-", "_")
        return "installed" if find_spec(module) else ""
