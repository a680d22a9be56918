from __future__ import annotations

import json
from pathlib import Path

import pytest

from desktop_assistant.errors import RecordError
from desktop_assistant.training.arguments import DataFile, TrainingArguments


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a.jsonl", DataFile(Path("a.jsonl"))),
        ("a.jsonl@500", DataFile(Path("a.jsonl"), rows=500)),
        ("a.jsonl@3x", DataFile(Path("a.jsonl"), repeat=3)),
        ("dir@2/a.jsonl", DataFile(Path("dir@2/a.jsonl"))),
        ("a@b.jsonl.gz@0", DataFile(Path("a@b.jsonl.gz"), rows=0)),
        ("a.jsonl@x", DataFile(Path("a.jsonl@x"))),
    ],
)
def test_a_data_file_says_how_much_of_it_is_used(written: str, expected: DataFile) -> None:
    assert DataFile.parse(written) == (expected,)


def test_a_file_that_is_really_called_so_is_meant(tmp_path: Path) -> None:
    path = tmp_path / "export@500"
    path.write_text("{}")

    assert DataFile.parse(str(path)) == (DataFile(path),)


def test_a_pattern_names_several_files_in_order(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl", "c.txt"):
        (tmp_path / name).write_text("{}")

    files = DataFile.parse(f"{tmp_path}/*.jsonl@2x")

    assert files == tuple(DataFile(tmp_path / name, repeat=2) for name in ("a.jsonl", "b.jsonl"))


def test_a_pattern_that_matches_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="No file matches"):
        DataFile.parse(f"{tmp_path}/*.jsonl@500")


def test_a_run_without_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="--data"):
        TrainingArguments("reply", (), tmp_path)


@pytest.mark.parametrize("share", [-0.1, 0.6])
def test_a_validation_share_that_makes_no_sense_is_refused(tmp_path: Path, share: float) -> None:
    with pytest.raises(RecordError, match="validation share"):
        TrainingArguments("reply", (DataFile(Path("a")),), tmp_path, validation_share=share)


def test_the_numbers_of_a_run_lie_beside_its_result(tmp_path: Path) -> None:
    arguments = TrainingArguments(
        "reply", (DataFile(Path("数据.jsonl")),), tmp_path / "out", seed=7
    )

    arguments.save()

    saved = json.loads((tmp_path / "out" / "training_arguments.json").read_text("utf-8"))
    assert saved["seed"] == 7
    assert saved["data"] == [{"path": "数据.jsonl", "rows": None, "repeat": 1}]
