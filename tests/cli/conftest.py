"""Commands run in this process, with an engine that answers from a script."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from desktop_assistant.cli import benchmark, filters, replay, training
from desktop_assistant.cli.main import main
from tests.cli.desk import ScriptedEngine, small_desk

if TYPE_CHECKING:
    from collections.abc import Callable

    Filter = Callable[..., tuple[int, list[dict[str, Any]]]]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> ScriptedEngine:
    """The engine that every command gets."""
    scripted = ScriptedEngine()
    for module in (benchmark, filters, replay, training):
        monkeypatch.setattr(module, "open_desk", lambda *_: small_desk(scripted))
    return scripted


@pytest.fixture
def run_filter(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> Filter:
    """Runs a filter command on bytes or records; returns the exit status and the answers."""

    def run(command: str, *lines: bytes | dict[str, Any]) -> tuple[int, list[dict[str, Any]]]:
        raw = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
        source = io.TextIOWrapper(io.BytesIO(b"\n".join(raw)))
        monkeypatch.setattr(sys, "stdin", source)
        status = main([command])
        answered = capsysbinary.readouterr().out.decode("utf-8")
        return status, [json.loads(line) for line in answered.splitlines()]

    return run
