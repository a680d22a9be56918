from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from desktop_assistant.errors import ModelError
from desktop_assistant.inference.providers import CPU, CUDA
from desktop_assistant.inference.session import Session, open_raw_session, thread_count
from tests.tiny_models import doubling_graph, factor_bytes, write_doubling

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from desktop_assistant.inference.session import RawSession

FEEDS = {"values": np.ones((2, 16), dtype=np.float32)}


class FakeCuda:
    """A raw session that says it runs on ``provider`` and fails as often as it is told to."""

    def __init__(self, real: RawSession, provider: str, failures: list[Exception]) -> None:
        self._real = real
        self._provider = provider
        self._failures = failures
        self.runs = 0

    def run(self, outputs: Sequence[str] | None, feeds: Mapping[str, Any]) -> list[Any]:
        self.runs += 1
        if self._failures:
            raise self._failures.pop(0)
        return self._real.run(outputs, feeds)

    def run_with_iobinding(self, binding: Any) -> None:
        self._real.run_with_iobinding(binding)

    def io_binding(self) -> Any:
        return self._real.io_binding()

    def get_providers(self) -> list[str]:
        return [self._provider]

    def get_inputs(self) -> list[Any]:
        return self._real.get_inputs()

    def get_outputs(self) -> list[Any]:
        return self._real.get_outputs()


class Opener:
    """Makes sessions that pretend to be on CUDA, and remembers what it was asked for."""

    def __init__(
        self,
        *,
        at_creation: Exception | None = None,
        while_running: Sequence[Exception] = (),
        silently_on: str = CUDA,
    ) -> None:
        self._at_creation = at_creation
        self._while_running = list(while_running)
        self._silently_on = silently_on
        self.asked_for: list[tuple[str, ...]] = []

    def __call__(
        self,
        graph: bytes,
        data: Mapping[str, bytes],
        folder: Path,
        providers: Sequence[str],
        threads: int,
    ) -> RawSession:
        self.asked_for.append(tuple(providers))
        real = open_raw_session(graph, data, folder, (CPU,), threads)
        if CUDA not in providers:
            return FakeCuda(real, CPU, self._while_running)
        if self._at_creation:
            raise self._at_creation
        return FakeCuda(real, self._silently_on, self._while_running)


def test_a_graph_runs_and_names_its_outputs(tmp_path: Path) -> None:
    session = Session(write_doubling(tmp_path))

    outputs = session.run(FEEDS)

    assert outputs["doubled"].tolist() == [[2.0] * 16] * 2
    assert session.provider == CPU
    assert session.fallback_note == ""
    assert session.input_shape("values") == ("rows", 16)


@pytest.mark.parametrize(
    ("about", "part"),
    [({"inputs": ["values", "more"]}, "inputs"), ({"outputs": ["tripled"]}, "outputs")],
)
def test_a_graph_that_is_not_what_its_card_says_is_refused(
    tmp_path: Path, about: dict[str, Any], part: str
) -> None:
    card = write_doubling(tmp_path, **about)

    with pytest.raises(ModelError, match=f"other {part}"):
        Session(card)


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x08\x09" * 40, bytes(range(256)) * 20])
def test_a_garbage_graph_is_refused_in_a_sentence_and_in_silence(
    tmp_path: Path, content: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "model.onnx").write_bytes(content)
    card = write_doubling(tmp_path)

    with pytest.raises(ModelError, match="cannot be loaded"):
        Session(card)

    assert capfd.readouterr() == ("", "")


def test_a_graph_with_an_unknown_operator_is_refused(tmp_path: Path) -> None:
    graph = doubling_graph()
    graph.graph.node[0].op_type = "FormatTheDisk"
    (tmp_path / "model.onnx").write_bytes(graph.SerializeToString())
    card = write_doubling(tmp_path)

    with pytest.raises(ModelError, match="cannot be loaded"):
        Session(card)


@pytest.mark.parametrize("location", ["../secret.bin", "sub/../../secret.bin", "{absolute}"])
def test_external_data_outside_the_folder_is_never_read(tmp_path: Path, location: str) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_bytes(factor_bytes(7.0))
    folder = tmp_path / "model"
    folder.mkdir()
    graph = doubling_graph(external=location.format(absolute=secret))
    (folder / "model.onnx").write_bytes(graph.SerializeToString())
    card = write_doubling(folder)

    with pytest.raises(ModelError):
        Session(card)


def test_external_data_in_the_working_directory_is_never_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.data").write_bytes(factor_bytes(7.0))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(doubling_graph(external="model.data").SerializeToString())
    card = write_doubling(folder)

    with pytest.raises(ModelError):
        Session(card)


def test_external_data_that_the_card_names_is_read(tmp_path: Path) -> None:
    (tmp_path / "model.data").write_bytes(factor_bytes(3.0))
    (tmp_path / "model.onnx").write_bytes(doubling_graph(external="model.data").SerializeToString())

    session = Session(write_doubling(tmp_path))

    assert session.run(FEEDS)["doubled"][0, 0] == 3.0


def test_external_data_inside_the_folder_is_refused_if_the_card_does_not_name_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "model.onnx").write_bytes(doubling_graph(external="model.data").SerializeToString())
    card = write_doubling(tmp_path)
    (tmp_path / "model.data").write_bytes(factor_bytes(3.0))

    with pytest.raises(ModelError):
        Session(card)


def test_damaged_external_data_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.data").write_bytes(factor_bytes(3.0))
    (tmp_path / "model.onnx").write_bytes(doubling_graph(external="model.data").SerializeToString())
    card = write_doubling(tmp_path)
    (tmp_path / "model.data").write_bytes(factor_bytes(4.0))

    with pytest.raises(ModelError, match="damaged"):
        Session(card)


def test_cuda_that_cannot_be_started_leaves_the_model_on_the_cpu(tmp_path: Path) -> None:
    opener = Opener(at_creation=ort_errors.Fail("libcudnn.so.9: cannot open\nmore lines"))

    session = Session(write_doubling(tmp_path), (CUDA, CPU), open_raw=opener)

    assert opener.asked_for == [(CUDA, CPU), (CPU,)]
    assert session.provider == CPU
    assert session.fallback_note == "CUDA could not be started (libcudnn.so.9: cannot open)"
    assert session.run(FEEDS)["doubled"][0, 0] == 2.0


def test_a_silent_fall_back_of_onnxruntime_is_noticed(tmp_path: Path) -> None:
    session = Session(write_doubling(tmp_path), (CUDA, CPU), open_raw=Opener(silently_on=CPU))

    assert session.provider == CPU
    assert "CUDA or cuDNN libraries are missing" in session.fallback_note


def test_cuda_out_of_memory_moves_to_the_cpu_once_and_answers_the_request(tmp_path: Path) -> None:
    out_of_memory = ort_errors.RuntimeException("CUDA failure 2: out of memory")
    opener = Opener(while_running=[out_of_memory])
    session = Session(write_doubling(tmp_path), (CUDA, CPU), open_raw=opener)
    provider_before = session.provider

    first = session.run(FEEDS)["doubled"][0, 0]
    second = session.run(FEEDS)["doubled"][0, 0]

    assert provider_before == CUDA
    assert (first, second) == (2.0, 2.0)
    assert opener.asked_for == [(CUDA, CPU), (CPU,)]
    assert session.provider == CPU
    assert session.fallback_note == ("CUDA failed while running (CUDA failure 2: out of memory)")


def test_a_failure_on_the_cpu_too_is_a_sentence(tmp_path: Path) -> None:
    failures = [ort_errors.Fail("device lost"), ort_errors.Fail("no memory here either")]
    session = Session(
        write_doubling(tmp_path), (CUDA, CPU), open_raw=Opener(while_running=failures)
    )

    with pytest.raises(ModelError, match="no memory here either"):
        session.run(FEEDS)


def test_a_model_of_the_cpu_that_fails_is_a_sentence(tmp_path: Path) -> None:
    session = Session(write_doubling(tmp_path))

    with pytest.raises(ModelError, match="cannot be run on this machine"):
        session.run({"values": np.ones((2, 3), dtype=np.float32)})


def test_threads_stay_within_what_helps() -> None:
    assert thread_count(7) == 7
    assert 1 <= thread_count() <= 4
