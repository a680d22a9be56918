from __future__ import annotations

import gzip
import json
import sys
from typing import TYPE_CHECKING

import pytest

from desktop_assistant.training.vocabulary import cut_vocabulary, main, texts_of
from tests.tiny_models import MESSAGES

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

pytestmark = pytest.mark.training

KEPT_TEXTS = [text for text, *_ in MESSAGES if "order" in text or "退" in text]


def hidden_states(folder: Path, text: str) -> Tensor:
    import torch
    from transformers import AutoTokenizer, BertModel

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = BertModel.from_pretrained(folder, add_pooling_layer=False).eval()
    with torch.inference_mode():
        return model(**tokenizer(text, return_tensors="pt")).last_hidden_state


@pytest.mark.parametrize("text", KEPT_TEXTS)
def test_texts_of_the_kept_languages_keep_their_embeddings(
    tiny_encoder: Path, tmp_path: Path, text: str
) -> None:
    import torch

    kept = cut_vocabulary(tiny_encoder, tmp_path / "cut", KEPT_TEXTS)

    before, after = hidden_states(tiny_encoder, text), hidden_states(tmp_path / "cut", text)
    config = json.loads((tmp_path / "cut" / "config.json").read_text())
    assert torch.equal(before, after)
    assert config["vocab_size"] == kept
    assert kept < json.loads((tiny_encoder / "config.json").read_text())["vocab_size"]


def test_texts_are_read_from_records_and_from_lines(tmp_path: Path) -> None:
    record = json.dumps({"turns": [{"text": "你好", "n": 3}], "label": "greet"}, ensure_ascii=False)
    (tmp_path / "a.jsonl").write_text(record, "utf-8")
    with gzip.open(tmp_path / "b.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write(record)
    (tmp_path / "c.txt").write_text("one\n二\n", "utf-8")

    assert list(texts_of(tmp_path / "a.jsonl")) == ["你好", "greet"]
    assert list(texts_of(tmp_path / "b.jsonl.gz")) == ["你好", "greet"]
    assert list(texts_of(tmp_path / "c.txt")) == ["one", "二"]


def test_the_command_says_how_many_pieces_are_left(
    tiny_encoder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "texts.txt").write_text("\n".join(KEPT_TEXTS), "utf-8")
    out = tmp_path / "cut"
    monkeypatch.setattr(
        sys, "argv", ["vocabulary", str(tiny_encoder), str(out), str(tmp_path / "texts.txt")]
    )

    main()

    assert "pieces kept" in capsys.readouterr().out
    assert (out / "tokenizer.json").exists()
