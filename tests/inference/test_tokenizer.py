from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_assistant.errors import ModelError
from desktop_assistant.inference.tokenizer import encode_batch, load_tokenizer
from tests.tiny_models import write_doubling

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tiny_models import TinyUnderstanding

pytestmark = pytest.mark.training


@pytest.mark.parametrize("content", [b"", b"{}", b"not json", b"\xff\xfe\x00"])
def test_a_damaged_tokenizer_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "tokenizer.json").write_bytes(content)
    card = write_doubling(tmp_path)

    with pytest.raises(ModelError, match="cannot be read"):
        load_tokenizer(card)


def test_shorter_texts_are_padded_and_masked(tiny_understanding: TinyUnderstanding) -> None:
    tokenizer = load_tokenizer(tiny_understanding.card)

    batch = encode_batch(
        tokenizer, ["Hello there, nice to meet you", "我"], max_tokens=32, pad_token=1
    )

    lengths = batch["attention_mask"].sum(axis=1)
    assert batch["input_ids"].dtype == batch["attention_mask"].dtype == "int64"
    assert lengths[0] > lengths[1]
    assert (batch["input_ids"][1, lengths[1] :] == 1).all()
    assert (batch["attention_mask"][1, lengths[1] :] == 0).all()


def test_a_long_text_keeps_its_beginning_and_its_closing_token(
    tiny_understanding: TinyUnderstanding,
) -> None:
    tokenizer = load_tokenizer(tiny_understanding.card)
    text = "Good morning " * 200
    whole = tokenizer.encode(text).ids

    batch = encode_batch(tokenizer, [text], max_tokens=16, pad_token=1)

    assert batch["input_ids"].tolist() == [[*whole[:15], whole[-1]]]
