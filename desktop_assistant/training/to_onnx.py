"""From a fine-tuned ``transformers`` folder to the graph that the engine runs.

optimum exports; we fuse and quantise. The fp32 graph is kept beside the result as long as parity
is being measured, and thrown away afterwards.
"""

from __future__ import annotations

import contextlib
import shutil
import warnings
from typing import TYPE_CHECKING

import onnx
import torch
from optimum.exporters.onnx import export, main_export
from optimum.exporters.onnx.config import TextEncoderOnnxConfig
from optimum.utils import NormalizedTextConfig
from transformers import AutoConfig, AutoModelForCausalLM

from desktop_assistant.inference.understanding import MAIN_HEADS
from desktop_assistant.training.fuse import AttentionShape, fuse_decoder
from desktop_assistant.training.gptq import RoundedWeight, input_products, round_weight
from desktop_assistant.training.quantise import quantise_decoder, quantise_encoder
from desktop_assistant.training.understanding_model import UnderstandingModel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

OPSET = 18
KEPT_BESIDE_THE_GRAPH = ("tokenizer.json", "tokenizer_config.json", "config.json")
"""What belongs to a model besides its graph: the engine reads the first, retraining all three."""


class UnderstandingOnnxConfig(TextEncoderOnnxConfig):
    """Tells optimum what goes into and comes out of an understanding model."""

    NORMALIZED_CONFIG_CLASS = NormalizedTextConfig

    @property
    def inputs(self) -> dict[str, dict[int, str]]:
        """Both inputs are (batch, tokens)."""
        axes = {0: "batch_size", 1: "sequence_length"}
        return {"input_ids": axes, "attention_mask": axes}

    @property
    def outputs(self) -> dict[str, dict[int, str]]:
        """In the order in which the model's forward returns them."""
        heads = [name for name in self._config.heads if name in MAIN_HEADS]
        return {name: {0: "batch_size"} for name in ("embedding", *(f"{h}_logits" for h in heads))}


def export_understanding(folder: Path, out: Path, work_dir: Path) -> Path:
    """Write ``model.onnx`` (int8) into ``out`` and return the fp32 graph for comparison."""
    model = UnderstandingModel.from_pretrained(folder).eval()
    plain = work_dir / "fp32" / "model.onnx"
    plain.parent.mkdir(parents=True, exist_ok=True)
    with _quiet():
        export(model, UnderstandingOnnxConfig(model.config), plain, opset=OPSET)
    _copy_beside(folder, out)
    quantise_encoder(plain, out / "model.onnx")
    return plain


def export_reply(
    folder: Path,
    out: Path,
    work_dir: Path,
    calibration: Sequence[Sequence[int]],
    bits: int = 4,
) -> Path:
    """Write ``model.onnx`` (fused, 4 or 8 bits) into ``out`` and return the fused fp32 graph.

    ``calibration`` holds token sequences like those that the model will see; some thousand tokens
    are enough to tell which weights matter.
    """
    exported = work_dir / "optimum"
    with _quiet():
        main_export(
            str(folder),
            exported,
            task="text-generation-with-past",
            opset=OPSET,
            do_validation=False,
            library_name="transformers",
        )
    config = AutoConfig.from_pretrained(folder)
    shape = AttentionShape(
        layers=config.num_hidden_layers,
        heads=config.num_attention_heads,
        key_value_heads=config.num_key_value_heads,
        head_width=getattr(config, "head_dim", None)
        or config.hidden_size // config.num_attention_heads,
        rope_theta=float(config.rope_theta),
    )
    fused = fuse_decoder(onnx.load(exported / "model.onnx"), shape)
    plain = work_dir / "fp32" / "model.onnx"
    plain.parent.mkdir(parents=True, exist_ok=True)
    onnx.save_model(
        fused, str(plain), save_as_external_data=True, location="model.data", size_threshold=1024
    )
    shutil.rmtree(exported)
    _copy_beside(folder, out)
    layers = _rounded_layers(folder, calibration, bits)
    quantise_decoder(onnx.load(plain), layers, out / "model.onnx")
    return plain


def _rounded_layers(
    folder: Path, calibration: Sequence[Sequence[int]], bits: int
) -> dict[str, RoundedWeight]:
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    batches = ({"input_ids": torch.tensor([list(tokens)])} for tokens in calibration)
    products = input_products(model, batches)
    return {
        name: round_weight(layer.weight, products[name], bits=bits)
        for name, layer in model.named_modules()
        if name in products
    }


def _copy_beside(folder: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for name in KEPT_BESIDE_THE_GRAPH:
        if (folder / name).exists():
            shutil.copyfile(folder / name, out / name)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Leave out what tracing warns of: shapes that it sees as constants, and that are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
