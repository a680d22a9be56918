"""Surgery on an exported decoder: fused attention, shared key-value buffers, logits once.

optimum exports attention as some forty small nodes a layer, concatenates the cache anew at every
token, and computes logits for the whole prompt. Here each layer's attention becomes one
``GroupQueryAttention`` (onnxruntime's operator, with the rotary embedding inside), which can write
into the buffer it reads from, and the output layer sees only the last position.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from desktop_assistant.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_POSITIONS = 2048
_KEPT_INPUTS = ("input_ids", "attention_mask")


@dataclass(frozen=True, slots=True)
class AttentionShape:
    """What of a decoder's config the fused operator has to be told."""

    layers: int
    heads: int
    key_value_heads: int
    head_width: int
    rope_theta: float


def fuse_decoder(model: onnx.ModelProto, shape: AttentionShape) -> onnx.ModelProto:
    """Rewrite optimum's graph of a Llama-like decoder in place and return it.

    Raises: ModelError if the graph does not have the nodes that such a decoder has.
    """
    graph = model.graph
    nodes = {node.name: node for node in graph.node}
    _untie(graph, nodes)
    added = [*_length_nodes(), *_last_position_nodes(nodes)]
    added.extend(_attention_node(nodes, layer, shape) for layer in range(shape.layers))
    graph.initializer.extend(_constants(shape))
    produced = {name for node in added for name in node.output}
    kept = [node for node in graph.node if not produced & set(node.output)]
    del graph.node[:]
    graph.node.extend(_in_order(_reachable([*kept, *added], [o.name for o in graph.output]), graph))
    _prune(graph)
    if not any(entry.domain == "com.microsoft" for entry in model.opset_import):
        model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return model


def _node(nodes: dict[str, onnx.NodeProto], name: str) -> onnx.NodeProto:
    if name not in nodes:
        message = f"The exported graph has no node {name}: this decoder cannot be fused."
        raise ModelError(message)
    return nodes[name]


def _attention_node(
    nodes: dict[str, onnx.NodeProto], layer: int, shape: AttentionShape
) -> onnx.NodeProto:
    path = f"/model/layers.{layer}/self_attn"
    query, key, value = (
        _node(nodes, f"{path}/{name}_proj/MatMul").output[0] for name in ("q", "k", "v")
    )
    attended = f"{path}/attended"
    _node(nodes, f"{path}/o_proj/MatMul").input[0] = attended
    return helper.make_node(
        "GroupQueryAttention",
        [
            query,
            key,
            value,
            f"past_key_values.{layer}.key",
            f"past_key_values.{layer}.value",
            "known_tokens",
            "total_tokens",
            "rotary_cos",
            "rotary_sin",
        ],
        [attended, f"present.{layer}.key", f"present.{layer}.value"],
        name=f"{path}/GroupQueryAttention",
        domain="com.microsoft",
        num_heads=shape.heads,
        kv_num_heads=shape.key_value_heads,
        do_rotary=1,
        rotary_interleaved=0,
    )


def _untie(graph: onnx.GraphProto, nodes: dict[str, onnx.NodeProto]) -> None:
    """Give the output layer weights of its own where it transposes the word embeddings."""
    output_layer = _node(nodes, "/lm_head/MatMul")
    transposes = [n for n in graph.node if output_layer.input[1] in n.output]
    if not transposes:
        return
    tied = next(t for t in graph.initializer if t.name == transposes[0].input[0])
    graph.initializer.append(
        numpy_helper.from_array(np.ascontiguousarray(numpy_helper.to_array(tied).T), "lm_head.T")
    )
    output_layer.input[1] = "lm_head.T"


def share_embeddings(model: onnx.ModelProto) -> onnx.ModelProto:
    """Look words up in the quantised output layer, so that tied weights are stored once.

    ``model`` is fused and its MatMuls are blocks of 4 or 8 bits. Both operators pack weights the
    same way (two 4-bit ones a byte, the first in the low half; zero points likewise, or the middle
    of the range for zero; blocks along the width), only the shapes differ.

    Raises: ModelError if the graph has no quantised output layer or no word lookup.
    """
    graph = model.graph
    output_layer = next((n for n in graph.node if "logits" in n.output), None)
    lookup = next((n for n in graph.node if n.op_type == "Gather" and "input_ids" in n.input), None)
    if output_layer is None or lookup is None or output_layer.op_type != "MatMulNBits":
        message = "The graph has no quantised output layer to share with the word embeddings."
        raise ModelError(message)
    replacements = _word_lookup(graph, output_layer, lookup)
    others = [node for node in graph.node if node is not lookup]
    del graph.node[:]
    graph.node.extend([*replacements, *others])
    _prune(graph)
    return model


def _word_lookup(
    graph: onnx.GraphProto, output_layer: onnx.NodeProto, lookup: onnx.NodeProto
) -> list[onnx.NodeProto]:
    """Nodes that give what ``lookup`` gave, out of the numbers of the output layer."""
    attributes = {a.name: helper.get_attribute_value(a) for a in output_layer.attribute}
    words, width = attributes["N"], attributes["K"]
    bits, block = attributes["bits"], attributes["block_size"]
    parts = [
        ("word_blocks", output_layer.input[1], (words, width * bits // 8)),
        ("word_scales", output_layer.input[2], (words, width // block)),
    ]
    if len(output_layer.input) > 3 and output_layer.input[3]:
        parts.append(("word_zeros", output_layer.input[3], (words, width // block * bits // 8)))
    graph.initializer.extend(
        numpy_helper.from_array(np.array(dims, dtype=np.int64), f"{name}_shape")
        for name, _, dims in parts
    )
    blocks, *scales_and_zeros = (name for name, _, _ in parts)
    return [
        *(
            helper.make_node("Reshape", [given, f"{name}_shape"], [name])
            for name, given, _ in parts
        ),
        helper.make_node(
            "GatherBlockQuantized",
            [blocks, lookup.input[1], *scales_and_zeros],
            list(lookup.output),
            domain="com.microsoft",
            gather_axis=0,
            quantize_axis=1,
            block_size=block,
            bits=bits,
        ),
    ]


def _length_nodes() -> list[onnx.NodeProto]:
    return [
        helper.make_node("ReduceSum", ["attention_mask", "axis_1"], ["mask_sum"], keepdims=0),
        helper.make_node("Sub", ["mask_sum", "one"], ["known_tokens_int64"]),
        helper.make_node("Cast", ["known_tokens_int64"], ["known_tokens"], to=TensorProto.INT32),
        helper.make_node("Shape", ["attention_mask"], ["mask_shape"]),
        helper.make_node("Gather", ["mask_shape", "index_1"], ["total_int64"], axis=0),
        helper.make_node("Cast", ["total_int64"], ["total_tokens"], to=TensorProto.INT32),
    ]


def _last_position_nodes(nodes: dict[str, onnx.NodeProto]) -> list[onnx.NodeProto]:
    output_layer = _node(nodes, "/lm_head/MatMul")
    hidden = output_layer.input[0]
    output_layer.input[0] = "last_hidden"
    return [
        helper.make_node(
            "Slice", [hidden, "minus_one", "int64_max", "axis_1"], ["last_hidden"], name="last"
        )
    ]


def _constants(shape: AttentionShape) -> list[onnx.TensorProto]:
    half = shape.head_width // 2
    # Su et al. 2021, equation 15.
    frequencies = shape.rope_theta ** (-np.arange(half, dtype=np.float64) / half)
    angles = np.arange(MAX_POSITIONS)[:, None] * frequencies[None, :]
    return [
        numpy_helper.from_array(np.cos(angles).astype(np.float32), "rotary_cos"),
        numpy_helper.from_array(np.sin(angles).astype(np.float32), "rotary_sin"),
        numpy_helper.from_array(np.array([1], dtype=np.int64), "axis_1"),
        numpy_helper.from_array(np.array(1, dtype=np.int64), "index_1"),
        numpy_helper.from_array(np.array(1, dtype=np.int64), "one"),
        numpy_helper.from_array(np.array([-1], dtype=np.int64), "minus_one"),
        numpy_helper.from_array(np.array([np.iinfo(np.int64).max]), "int64_max"),
    ]


def _reachable(nodes: list[onnx.NodeProto], outputs: Iterable[str]) -> list[onnx.NodeProto]:
    producer = {name: node for node in nodes for name in node.output}
    wanted, seen = list(outputs), set()
    found: list[onnx.NodeProto] = []
    while wanted:
        node = producer.get(wanted.pop())
        if node is not None and id(node) not in seen:
            seen.add(id(node))
            found.append(node)
            wanted.extend(node.input)
    return found


def _in_order(nodes: list[onnx.NodeProto], graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Order nodes so that each comes after what it reads."""
    known = {value.name for value in graph.input} | {t.name for t in graph.initializer} | {""}
    waiting, ordered = nodes, []
    while waiting:
        ready = [node for node in waiting if known.issuperset(node.input)]
        if not ready:
            message = "The fused graph is not complete."
            raise ModelError(message)
        ordered.extend(ready)
        known.update(name for node in ready for name in node.output)
        done = {id(node) for node in ready}
        waiting = [node for node in waiting if id(node) not in done]
    return ordered


def _prune(graph: onnx.GraphProto) -> None:
    read = {name for node in graph.node for name in node.input}
    for kept in (
        [t for t in graph.initializer if t.name in read],
        [v for v in graph.input if v.name in _KEPT_INPUTS or v.name.startswith("past_key_values.")],
    ):
        field = graph.initializer if kept and isinstance(kept[0], onnx.TensorProto) else graph.input
        del field[:]
        field.extend(kept)
    del graph.value_info[:]
    for value in (*graph.input, *graph.output):
        if value.name.startswith(("past_key_values.", "present.")):
            # One buffer is read and written, so both have its length.
            value.type.tensor_type.shape.dim[2].dim_param = "buffer_length"
        if value.name == "logits":
            value.type.tensor_type.shape.dim[1].dim_value = 1
