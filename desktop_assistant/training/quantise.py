"""Smaller numbers in the graph: 8 bits for encoders, 4 bits for decoders and word embeddings.

The embeddings of our bases were 4-bit to begin with, in blocks of 32 along a row, so storing them
so again loses next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnxruntime.quantization.matmul_nbits_quantizer import (
    DefaultWeightOnlyQuantConfig,
    MatMulNBitsQuantizer,
)
from onnxruntime.quantization.quant_utils import QuantFormat

from desktop_assistant.training.fuse import share_embeddings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from desktop_assistant.training.gptq import RoundedWeight

BLOCK = 32
ACCURACY_LEVEL = 4
"""MatMulNBits computes in int8 (4): 7.0 ms a token and perplexity 31.4 on our decoder, where fp32
(1) took 10.2 ms for 31.3."""


def quantise_encoder(graph: Path, out: Path) -> None:
    """Linear layers to 8 bits in blocks of 32, word embeddings to 4; heads stay as they are.

    Measured on 685 messages against the fp32 graph: the same best intent for 99.3 %, where
    dynamic quantisation (one scale an activation tensor, 7 bits for machines without VNNI) gave
    93.9 %, for 6 instead of 4.3 ms a message on one thread.
    """
    model = _in_blocks(onnx.load(graph), "MatMul", bits=8)
    onnx.save_model(_in_blocks(model, "Gather"), str(out))


def quantise_decoder(
    model: onnx.ModelProto, layers: Mapping[str, RoundedWeight], out: Path
) -> None:
    """Put rounded weights into the graph of ``fuse.fuse_decoder``; words share the output layer's.

    ``layers`` maps the names of torch's modules to their weights; all linear layers are there.
    """
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    replaced: set[str] = set()
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in weights:
            replaced.add(node.input[1])
            module = node.name.strip("/").rsplit("/", 1)[0].replace("/", ".")
            graph.initializer.extend(_packed(node.name, layers[module]))
            node.CopyFrom(_block_node(node, layers[module]))
    kept = [tensor for tensor in graph.initializer if tensor.name not in replaced]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    onnx.save_model(share_embeddings(model), str(out))


def _block_node(node: onnx.NodeProto, weight: RoundedWeight) -> onnx.NodeProto:
    outputs, inputs = weight.numbers.shape
    return helper.make_node(
        "MatMulNBits",
        [node.input[0], *(f"{node.name}.{part}" for part in ("blocks", "scales", "zeros"))],
        list(node.output),
        name=node.name,
        domain="com.microsoft",
        K=inputs,
        N=outputs,
        bits=weight.bits,
        block_size=weight.block,
        accuracy_level=ACCURACY_LEVEL,
    )


def _packed(name: str, weight: RoundedWeight) -> list[onnx.TensorProto]:
    outputs, inputs = weight.numbers.shape
    blocks = _pairs(weight.numbers.numpy()) if weight.bits == 4 else weight.numbers.numpy()
    zeros = _pairs(weight.zeros.numpy()) if weight.bits == 4 else weight.zeros.numpy()
    parts = {
        "blocks": blocks.reshape(outputs, inputs // weight.block, -1),
        "scales": weight.scales.numpy(),
        "zeros": zeros,
    }
    return [
        numpy_helper.from_array(np.ascontiguousarray(values), f"{name}.{part}")
        for part, values in parts.items()
    ]


def _pairs(numbers: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Two 4-bit numbers a byte along the row, the first in the low half; odd rows end in 0."""
    if numbers.shape[1] % 2:
        numbers = np.pad(numbers, ((0, 0), (0, 1)))
    return np.asarray(numbers[:, 0::2] | (numbers[:, 1::2] << 4), dtype=np.uint8)


def _in_blocks(model: onnx.ModelProto, operator: str, bits: int = 4) -> onnx.ModelProto:
    """Replace the weights of one kind of operator by small numbers, 32 to a scale."""
    config = DefaultWeightOnlyQuantConfig(
        block_size=BLOCK,
        is_symmetric=True,
        accuracy_level=ACCURACY_LEVEL,
        quant_format=QuantFormat.QOperator,
        op_types_to_quantize=(operator,),
        bits=bits,
    )
    quantiser = MatMulNBitsQuantizer(model, algo_config=config)
    # The row of the padding token is all zeros: it divides by its scale of 0 and then picks 0.
    with np.errstate(divide="ignore", invalid="ignore"):
        quantiser.process()
    return quantiser.model.model
