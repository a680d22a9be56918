"""What the models can run on here, found out before a session is made, so that nothing is noisy.

onnxruntime built for CUDA falls back to the CPU without an error when a library is missing. So we
ask the driver ourselves, and afterwards believe only what the session says of itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import onnxruntime as ort

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_assistant.settings import Provider

CUDA = "CUDAExecutionProvider"
CPU = "CPUExecutionProvider"

_MISSING_LIBRARY = re.compile(r"Failed to load ([^\s:]+)")


@dataclass(frozen=True, slots=True)
class ProviderReport:
    """``built_in`` is what onnxruntime was built with, ``usable`` what is worth asking for.

    ``note`` says in a sentence why CUDA was wanted and cannot be used, or is empty.
    """

    built_in: tuple[str, ...]
    usable: tuple[str, ...]
    note: str


def driver_problem() -> str:
    """Ask the NVIDIA driver whether there is a GPU; empty if so, else a sentence."""
    name = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        driver = ctypes.CDLL(name)
    except OSError:
        return "no NVIDIA driver is installed"
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return "the NVIDIA driver does not answer"
    return "" if count.value else "the NVIDIA driver sees no GPU"


def provider_report(
    wanted: Provider = "auto",
    *,
    built_in: tuple[str, ...] | None = None,
    ask_driver: Callable[[], str] = driver_problem,
    preload: Callable[[], None] | None = None,
) -> ProviderReport:
    """Choose the providers to ask for, best first.

    Args:
        wanted: the user's setting.
        built_in: what onnxruntime offers; asked of it when left out.
        ask_driver: returns why there is no GPU, or "".
        preload: loads the libraries that came as wheels; onnxruntime's own when left out.
    """
    offered = tuple(ort.get_available_providers()) if built_in is None else built_in
    if wanted == "cpu":
        return ProviderReport(offered, (CPU,), "")
    if CUDA not in offered:
        note = "onnxruntime was installed without CUDA" if wanted == "cuda" else ""
        return ProviderReport(offered, (CPU,), note)
    problem = ask_driver()
    if problem:
        return ProviderReport(offered, (CPU,), problem)
    own_preload: Callable[[], None] = getattr(ort, "preload_dlls", _nothing)
    preload_problem = _preload_problem(preload or own_preload)
    if preload_problem:
        return ProviderReport(offered, (CPU,), preload_problem)
    return ProviderReport(offered, (CUDA, CPU), "")


def _preload_problem(preload: Callable[[], None]) -> str:
    """Load the CUDA and cuDNN libraries that came as wheels; empty if that went well.

    onnxruntime prints what it misses, among the answers of a command if it were let.
    """
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            preload()
    except (OSError, RuntimeError) as exc:
        return f"a CUDA library is missing ({exc})"
    missing = _MISSING_LIBRARY.findall(printed.getvalue())
    # It looks in several places; only a library that was in none of them is missing.
    is_missing = bool(missing) and "Please follow" in printed.getvalue()
    return f"a CUDA library is missing ({missing[-1]})" if is_missing else ""


def _nothing() -> None:
    """Older versions of onnxruntime cannot load libraries ahead."""
