from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from desktop_assistant.errors import ModelError
from desktop_assistant.inference.decoder import Decoder
from desktop_assistant.inference.session import Session
from desktop_assistant.inference.understanding import Understanding
from desktop_assistant.training.from_onnx import restore
from desktop_assistant.training.parity import reply_parity, understanding_parity
from desktop_assistant.training.to_onnx import export_reply
from tests.tiny_models import MESSAGES, dialogues, reply_card, write_doubling

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tiny_models import TinyReply, TinyUnderstanding

pytestmark = pytest.mark.training


@pytest.mark.parametrize("bits", [4, 8])
def test_a_decoder_comes_back_as_the_engine_computes_it(
    tiny_reply: TinyReply, tmp_path: Path, bits: int
) -> None:
    export_reply(
        tiny_reply.folder, tmp_path / "model", tmp_path / "work", [[5, 6, 7, 8, 9, 10]], bits
    )
    card = reply_card(tmp_path / "model")

    restored = restore(card, tmp_path / "restored")

    report = reply_parity(restored, Decoder(card, Session(card)), dialogues())
    assert report["same_greedy_tokens"] == 1.0
    assert report["perplexity_onnx"] == pytest.approx(report["perplexity_torch"], rel=0.02)


def test_an_encoder_comes_back_with_its_heads(
    tiny_understanding: TinyUnderstanding, tmp_path: Path
) -> None:
    model = Understanding(tiny_understanding.card, Session(tiny_understanding.card))

    restored = restore(tiny_understanding.card, tmp_path / "restored")

    report = understanding_parity(restored, model, [text for text, *_ in MESSAGES])
    assert report["embedding_cosine_min"] > 0.99
    assert report["intent_agreement"] == 1.0
    assert report["sentiment_agreement"] == 1.0


def test_a_model_without_config_cannot_be_trained_further(tmp_path: Path) -> None:
    card = write_doubling(tmp_path / "model")

    with pytest.raises(ModelError, match="came without a config"):
        restore(card, tmp_path / "restored")


def test_a_model_that_lacks_weights_leaves_nothing_behind(
    tiny_understanding: TinyUnderstanding, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    shutil.copy(tiny_understanding.card.folder / "config.json", folder)
    card = write_doubling(folder)

    with pytest.raises(ModelError, match="lacks the weights"):
        restore(card, tmp_path / "restored")

    assert not (tmp_path / "restored").exists()
