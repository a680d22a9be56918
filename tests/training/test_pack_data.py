from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from desktop_assistant.pack import read_pack
from desktop_assistant.paths import pack_dir
from desktop_assistant.training.pack_data import main, pack_dialogues
from desktop_assistant.training_example import parse_dialogue, read_dialogues

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_pack_becomes_dialogues_of_one_language(lang: str) -> None:
    pack = read_pack(pack_dir())
    texts = {reply.text for reply in pack.canned_replies if reply.lang == lang}

    dialogues = [parse_dialogue(record) for record in pack_dialogues(pack_dir(), lang)]

    said = {turn.text for dialogue in dialogues for turn in dialogue.turns if turn.role == "agent"}
    assert len(dialogues) > len(texts) / 2
    assert {dialogue.lang for dialogue in dialogues} == {lang}
    assert len({dialogue.dialogue_id for dialogue in dialogues}) == len(dialogues)
    assert len(texts & said) > len(texts) / 2


def test_the_same_seed_draws_the_same() -> None:
    assert list(pack_dialogues(pack_dir(), "en")) == list(pack_dialogues(pack_dir(), "en"))


def test_the_command_writes_a_file_that_training_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "pack.jsonl"
    monkeypatch.setattr(sys, "argv", ["pack_data", str(pack_dir()), "en", str(out)])

    main()

    dialogues = read_dialogues(out)
    assert f"{len(dialogues)} dialogues" in capsys.readouterr().out
    assert json.loads(out.read_text("utf-8").splitlines()[0])["lang"] == "en"
