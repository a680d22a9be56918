"""What the set-up scripts share: the virtual environment, pip, and the system's own libraries.

Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"
OLDEST_PYTHON = (3, 11)

WINDOW_LIBRARIES = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libfontconfig.so.1": "libfontconfig1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libX11.so.6": "libx11-6",
    "libdbus-1.so.3": "libdbus-1-3",
}
"""Shared libraries that Qt loads on Linux, and the Debian packages that bring them."""

DISPLAY_LIBRARIES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
}
"""The same for a window on an X display."""


def require_python() -> None:
    """Leave with a sentence where Python is too old."""
    if sys.version_info < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        sys.exit(
            f"Desktop Assistant needs Python {wanted} or newer, this is {sys.version.split()[0]}."
        )


def make_environment(venv: Path, extras: tuple[str, ...]) -> Path:
    """Create or complete a virtual environment with the project in it; returns its Python.

    Nothing is installed again while pyproject.toml, the constraints and the extras stay the same.
    """
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        run(
            [sys.executable, "-m", "venv", str(venv)],
            "The virtual environment cannot be made (on Debian: apt-get install python3-venv).",
        )
    stamp = venv / "installed.txt"
    state = _state(extras)
    if not stamp.exists() or stamp.read_text("utf-8") != state:
        print(f"Installing {', '.join(extras)} into {venv} ...", flush=True)
        run(
            [
                str(python),
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--constraint",
                str(CONSTRAINTS),
                "--editable",
                f"{ROOT}[{','.join(extras)}]",
            ],
            "The packages cannot be installed; pip says why above.",
        )
        stamp.write_text(state, "utf-8")
    return python


def missing_libraries(*groups: dict[str, str]) -> list[str]:
    """Debian packages of the shared libraries that this machine lacks; empty off Linux."""
    if not sys.platform.startswith("linux"):
        return []
    known = _known_libraries()
    if not known:
        return []
    return [package for group in groups for name, package in group.items() if name not in known]


def run(command: list[str], sentence: str) -> None:
    """Run a command; leave with ``sentence`` if it fails."""
    if subprocess.run(command, check=False, cwd=ROOT).returncode:
        sys.exit(sentence)


def has_nvidia_driver() -> bool:
    """Whether an NVIDIA driver answers."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return False
    return subprocess.run([tool, "-L"], check=False, capture_output=True).returncode == 0


def _known_libraries() -> set[str]:
    tool = shutil.which("ldconfig") or "/sbin/ldconfig"
    try:
        listed = subprocess.run([tool, "-p"], check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return set()
    return {line.split()[0] for line in listed.splitlines() if "=>" in line}


def _state(extras: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for path in (ROOT / "pyproject.toml", CONSTRAINTS):
        digest.update(path.read_bytes())
    return f"{','.join(extras)} {digest.hexdigest()} {sys.version}"
