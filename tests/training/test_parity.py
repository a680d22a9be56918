"""The exported graphs say what torch says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_assistant.inference.decoder import Decoder
from desktop_assistant.inference.session import Session
from desktop_assistant.inference.understanding import Understanding
from desktop_assistant.training.parity import reply_parity, understanding_parity
from tests.tiny_models import MESSAGES, dialogues

if TYPE_CHECKING:
    from tests.tiny_models import TinyReply, TinyUnderstanding

pytestmark = pytest.mark.training


def test_the_fused_fp32_graph_writes_the_same_tokens_as_torch(tiny_reply: TinyReply) -> None:
    decoder = Decoder(tiny_reply.plain, Session(tiny_reply.plain))

    report = reply_parity(tiny_reply.folder, decoder, dialogues())

    assert report["prompts"] == len(dialogues())
    assert report["same_greedy_tokens"] == 1.0
    assert report["perplexity_onnx"] == pytest.approx(report["perplexity_torch"], rel=1e-3)


def test_the_4_bit_graph_stays_near_torch(tiny_reply: TinyReply) -> None:
    decoder = Decoder(tiny_reply.card, Session(tiny_reply.card))

    report = reply_parity(tiny_reply.folder, decoder, dialogues())

    assert report["same_first_token"] == 1.0
    assert report["perplexity_onnx"] < 2 * report["perplexity_torch"]


def test_dialogues_in_which_no_agent_answers_are_no_error(tiny_reply: TinyReply) -> None:
    decoder = Decoder(tiny_reply.card, Session(tiny_reply.card))

    report = reply_parity(tiny_reply.folder, decoder, [])

    assert report == {"prompts": 0}


def test_the_8_bit_encoder_stays_near_torch(tiny_understanding: TinyUnderstanding) -> None:
    model = Understanding(tiny_understanding.card, Session(tiny_understanding.card))

    report = understanding_parity(tiny_understanding.folder, model, [text for text, *_ in MESSAGES])

    assert report["embedding_cosine_min"] > 0.98
    assert report["intent_agreement"] == 1.0
    assert report["sentiment_agreement"] == 1.0
