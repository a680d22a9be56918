"""An ONNX graph at work: on CUDA where it can be, on the CPU once CUDA failed."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any, Protocol

import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from desktop_assistant.errors import ModelError
from desktop_assistant.inference.providers import CPU, CUDA
from desktop_assistant.inference.registry import verified_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from desktop_assistant.inference.registry import ModelCard

    OpenRaw = Callable[[bytes, Mapping[str, bytes], Path, Sequence[str], int], "RawSession"]

log = logging.getLogger(__name__)

FATAL_ONLY = 4
MAX_THREADS = 4
"""More threads than this gain nothing on models this small, and take from the window."""

RUNTIME_ERRORS: tuple[type[Exception], ...] = (
    ort_errors.Fail,
    ort_errors.RuntimeException,
    ort_errors.EPFail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NoSuchFile,
    ort_errors.NotImplemented,
    RuntimeError,
)
"""What onnxruntime raises; its own errors have no ancestor in common but Exception."""


class RawSession(Protocol):
    """The part of ``onnxruntime.InferenceSession`` that we use."""

    def run(self, outputs: Sequence[str] | None, feeds: Mapping[str, Any]) -> list[Any]: ...
    def run_with_iobinding(self, binding: Any) -> None: ...  # noqa: ANN401  # untyped
    def io_binding(self) -> Any: ...  # noqa: ANN401  # onnxruntime's, untyped
    def get_providers(self) -> list[str]: ...
    def get_inputs(self) -> list[Any]: ...
    def get_outputs(self) -> list[Any]: ...


def open_raw_session(
    graph: bytes, data: Mapping[str, bytes], folder: Path, providers: Sequence[str], threads: int
) -> RawSession:
    """Create an onnxruntime session from verified bytes.

    Tensors outside the graph file are taken from ``data``, by file name, and from nowhere else.
    Nothing is written to standard error.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = FATAL_ONLY
    # An idle laptop stays cool: waiting threads sleep instead of spinning.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if data:
        names, contents = list(data), list(data.values())
        options.add_external_initializers_from_files_in_memory(
            names, contents, [len(content) for content in contents]
        )
    # onnxruntime would look in the working directory for what it misses.
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", str(folder / ".nowhere")
    )
    session: RawSession = ort.InferenceSession(graph, options, providers=list(providers))
    return session


def thread_count(wanted: int = 0) -> int:
    """Threads for a session: what the user wants, else the cores up to ``MAX_THREADS``."""
    return wanted or max(1, min(MAX_THREADS, os.cpu_count() or 1))


class Session:
    """A checked model graph, with one way back to the CPU.

    Args:
        card: the model; its files are verified while reading.
        providers: what to ask for, best first.
        threads: for one operator on the CPU.
        file_name: the graph within the model's folder.
        open_raw: makes the session; a test hands in its own.

    Raises: ModelError if the graph is missing, damaged or not what the card says.
    """

    def __init__(
        self,
        card: ModelCard,
        providers: Sequence[str] = (CPU,),
        threads: int = 0,
        file_name: str = "model.onnx",
        open_raw: OpenRaw = open_raw_session,
    ) -> None:
        self.card = card
        self.fallback_note = ""
        self._file_name = file_name
        self._threads = thread_count(threads)
        self._open_raw = open_raw
        self._raw = self._open(providers)
        self._check_signature()

    @property
    def provider(self) -> str:
        """What the session really runs on, in its own words."""
        return self._raw.get_providers()[0]

    @property
    def input_names(self) -> tuple[str, ...]:
        return tuple(value.name for value in self._raw.get_inputs())

    @property
    def output_names(self) -> tuple[str, ...]:
        return tuple(value.name for value in self._raw.get_outputs())

    def input_shape(self, name: str) -> tuple[Any, ...]:
        """Dimensions as the graph declares them; free ones are names."""
        return next(tuple(v.shape) for v in self._raw.get_inputs() if v.name == name)

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """Run the graph once and return its outputs by name.

        A failure on CUDA (out of memory, device lost) moves the session to the CPU for good and
        runs the same feeds again, so that no request is lost.

        Raises: ModelError if the CPU cannot run it either.
        """
        try:
            return self._run(feeds)
        except RUNTIME_ERRORS as exc:
            # On the CPU this raises; so the second call, which is on the CPU, ends here or there.
            self.move_to_cpu(exc)
            return self.run(feeds)

    def run_bound(self, binding: Any) -> None:  # noqa: ANN401  # onnxruntime's, untyped
        """Run with inputs and outputs bound by the caller, who must bind again after a fallback."""
        self._raw.run_with_iobinding(binding)

    def io_binding(self) -> Any:  # noqa: ANN401  # onnxruntime's, untyped
        return self._raw.io_binding()

    def move_to_cpu(self, cause: Exception) -> None:
        """Leave CUDA after a failure. Raises: ModelError if the session is on the CPU already."""
        if self.provider == CPU:
            message = (
                f"The model {self.card.label} cannot be run on this machine: {_first_line(cause)}"
            )
            raise ModelError(message) from cause
        log.warning("%s failed on %s, using the CPU", self.card.label, self.provider)
        self.fallback_note = f"CUDA failed while running ({_first_line(cause)})"
        self._raw = self._open((CPU,))

    def _run(self, feeds: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        names = self.output_names
        return dict(zip(names, self._raw.run(names, feeds), strict=True))

    def _open(self, providers: Sequence[str]) -> RawSession:
        graph = verified_bytes(self.card, self._file_name)
        names = [name for name in self.card.files if name.endswith(".data")]
        data = {name: verified_bytes(self.card, name) for name in names}
        try:
            session = self._open_raw(graph, data, self.card.folder, providers, self._threads)
        except RUNTIME_ERRORS as exc:
            if CUDA in providers:
                self.fallback_note = f"CUDA could not be started ({_first_line(exc)})"
                return self._open((CPU,))
            message = (
                f"The model {self.card.label} cannot be loaded: {_first_line(exc)} "
                "Install the model again or roll back."
            )
            raise ModelError(message) from exc
        if CUDA in providers and session.get_providers()[0] != CUDA:
            self.fallback_note = "CUDA or cuDNN libraries are missing or of another version"
        return session

    def _check_signature(self) -> None:
        if set(self.card.inputs) != set(self.input_names):
            message = f"The model {self.card.label} has other inputs than its card says."
            raise ModelError(message)
        if set(self.card.outputs) != set(self.output_names):
            message = f"The model {self.card.label} has other outputs than its card says."
            raise ModelError(message)


def _first_line(exc: Exception) -> str:
    lines = str(exc).strip().splitlines()
    return lines[0][:200] if lines else type(exc).__name__
