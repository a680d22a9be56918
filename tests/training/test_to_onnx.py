from __future__ import annotations

from typing import TYPE_CHECKING

import onnx
import pytest

from desktop_assistant.errors import ModelError
from desktop_assistant.inference.decoder import Decoder
from desktop_assistant.inference.session import Session
from desktop_assistant.training.fuse import AttentionShape, fuse_decoder, share_embeddings
from desktop_assistant.training.parity import reply_parity
from desktop_assistant.training.to_onnx import export_reply
from tests.tiny_models import dialogues, doubling_graph, reply_card

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tiny_models import TinyReply, TinyUnderstanding

pytestmark = pytest.mark.training

SHAPE = AttentionShape(layers=2, heads=4, key_value_heads=2, head_width=16, rope_theta=1e4)


def operators(path: Path) -> list[str]:
    return [node.op_type for node in onnx.load(path, load_external_data=False).graph.node]


def test_each_layer_has_one_attention_operator(tiny_reply: TinyReply) -> None:
    found = operators(tiny_reply.plain.folder / "model.onnx")

    assert found.count("GroupQueryAttention") == 2
    assert "Softmax" not in found


def test_words_are_stored_once_in_the_4_bit_graph(tiny_reply: TinyReply) -> None:
    graph = onnx.load(tiny_reply.card.folder / "model.onnx").graph
    found = [node.op_type for node in graph.node]
    rows = Decoder(tiny_reply.card, Session(tiny_reply.card)).vocabulary_size

    assert "MatMul" not in found
    assert found.count("GatherBlockQuantized") == 1
    assert not [t for t in graph.initializer if sorted(t.dims) == sorted((rows, 64))]
    assert len([t for t in graph.initializer if len(t.dims) == 3 and t.dims[0] == rows]) == 1


def test_eight_bits_are_nearer_to_torch_than_four(tiny_reply: TinyReply, tmp_path: Path) -> None:
    export_reply(
        tiny_reply.folder, tmp_path / "model", tmp_path / "work", [[5, 6, 7, 8, 9, 10]], bits=8
    )
    card = reply_card(tmp_path / "model")

    eight = reply_parity(tiny_reply.folder, Decoder(card, Session(card)), dialogues())
    four = reply_parity(
        tiny_reply.folder, Decoder(tiny_reply.card, Session(tiny_reply.card)), dialogues()
    )

    assert eight["same_greedy_tokens"] == 1.0
    assert abs(eight["perplexity_onnx"] - eight["perplexity_torch"]) <= abs(
        four["perplexity_onnx"] - four["perplexity_torch"]
    )
    assert tiny_reply.card.size_bytes < card.size_bytes


def test_an_understanding_graph_holds_its_main_heads_only(
    tiny_understanding: TinyUnderstanding,
) -> None:
    session = Session(tiny_understanding.card)
    found = operators(tiny_understanding.card.folder / "model.onnx")

    assert session.output_names == ("embedding", "intent_logits", "sentiment_logits")
    assert "MatMulNBits" in found
    assert "GatherBlockQuantized" in found


def test_a_graph_of_another_kind_cannot_be_fused() -> None:
    with pytest.raises(ModelError, match="cannot be fused"):
        fuse_decoder(doubling_graph(), SHAPE)


def test_a_graph_without_quantised_words_cannot_share_them() -> None:
    with pytest.raises(ModelError, match="no quantised output layer"):
        share_embeddings(doubling_graph())
