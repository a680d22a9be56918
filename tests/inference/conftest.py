"""The tiny models at work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_assistant.inference.decoder import Decoder
from desktop_assistant.inference.registry import Registry
from desktop_assistant.inference.session import Session
from desktop_assistant.inference.understanding import Understanding

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tiny_models import TinyReply, TinyUnderstanding


@pytest.fixture
def decoder(tiny_reply: TinyReply) -> Decoder:
    """The fp32 graph, which knows its answers better than the 4-bit one."""
    return Decoder(tiny_reply.plain, Session(tiny_reply.plain, threads=1))


@pytest.fixture
def understanding(tiny_understanding: TinyUnderstanding) -> Understanding:
    return Understanding(tiny_understanding.card, Session(tiny_understanding.card, threads=1))


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """A registry of two empty folders, ``shipped`` and ``own``."""
    return Registry(tmp_path / "shipped", tmp_path / "own")
