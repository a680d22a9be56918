"""Back from an installed model to weights that can be trained, so that no hub is needed.

The numbers are those that the engine computes with: what 4 or 8 bits have rounded away is gone.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from transformers import AutoConfig, AutoModelForCausalLM, BertConfig

from desktop_assistant.errors import ModelError
from desktop_assistant.inference.registry import verified_bytes
from desktop_assistant.training.understanding_model import UnderstandingModel

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from desktop_assistant.inference.registry import ModelCard

_NODE_TO_MODULE = re.compile(r"^/(?P<path>.+)/(?:MatMul|Gather)(?:_\w+)?$")


def restore(card: ModelCard, out: Path) -> Path:
    """Write a ``transformers`` folder with the weights of an installed model, and return it.

    Raises: ModelError if the model is damaged, or has no config to rebuild it from.
    """
    if "config.json" not in card.files:
        message = f"{card.label} came without a config, so it cannot be trained further."
        raise ModelError(message)
    graph = onnx.load_from_string(verified_bytes(card, "model.onnx")).graph
    out.mkdir(parents=True, exist_ok=True)
    for name in card.files:
        if name.endswith(".json"):
            (out / name).write_bytes(verified_bytes(card, name))
    weights = _weights(graph)
    if card.task == "understanding":
        model = UnderstandingModel(BertConfig.from_pretrained(out))
    else:
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(out))
        weights["model.embed_tokens.weight"] = weights["lm_head.weight"]
    wanted = model.state_dict()
    missing = [name for name in wanted if name not in weights and not _is_training_head(name)]
    if missing:
        shutil.rmtree(out, ignore_errors=True)
        message = f"{card.label} lacks the weights {', '.join(missing[:3])} and cannot be trained."
        raise ModelError(message)
    model.load_state_dict(
        {
            name: torch.from_numpy(weights[name].astype(np.float32)).reshape(tensor.shape)
            for name, tensor in wanted.items()
            if name in weights
        },
        strict=False,
    )
    model.save_pretrained(out)
    return out


def _is_training_head(name: str) -> bool:
    return name.startswith("heads.")


def _weights(graph: onnx.GraphProto) -> dict[str, NDArray[np.generic]]:
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    weights = {name: values for name, values in stored.items() if "/" not in name}
    for node in graph.node:
        if node.op_type == "MatMulNBits":
            weights[f"{_module(node.name)}.weight"] = _block_weight(node, stored)
        elif node.op_type == "GatherBlockQuantized" and node.input[0] in stored:
            weights[f"{_module(node.name)}.weight"] = _gathered_weight(node, stored)
    return weights


def _module(node_name: str) -> str:
    match = _NODE_TO_MODULE.match(node_name)
    return match["path"].replace("/", ".") if match else node_name


def _block_weight(
    node: onnx.NodeProto, stored: dict[str, NDArray[np.generic]]
) -> NDArray[np.float32]:
    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    rows, bits = attributes["N"], attributes["bits"]
    numbers = _unpacked(stored[node.input[1]].reshape(rows, -1), bits)
    scales = stored[node.input[2]].reshape(rows, -1).astype(np.float32)
    block, width = attributes["block_size"], numbers.shape[1]
    zero: NDArray[np.float32] | float = float(2 ** (bits - 1))
    if len(node.input) > 3 and node.input[3]:
        zeros = _unpacked(stored[node.input[3]].reshape(rows, -1), bits)[:, : scales.shape[1]]
        zero = np.repeat(zeros, block, axis=1)[:, :width]
    return (numbers - zero) * np.repeat(scales, block, axis=1)[:, :width]


def _gathered_weight(
    node: onnx.NodeProto, stored: dict[str, NDArray[np.generic]]
) -> NDArray[np.float32]:
    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    scales = stored[node.input[2]].astype(np.float32)
    numbers = stored[node.input[0]].astype(np.float32)
    return numbers * np.repeat(scales, attributes["block_size"], axis=1)[:, : numbers.shape[1]]


def _unpacked(packed: NDArray[np.generic], bits: int) -> NDArray[np.float32]:
    numbers = packed.astype(np.uint8)
    if bits == 8:
        return numbers.astype(np.float32)
    halves = np.stack([numbers & 15, numbers >> 4], axis=-1)
    return halves.reshape(numbers.shape[0], -1).astype(np.float32)
