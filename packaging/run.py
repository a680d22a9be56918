"""Set up what is missing and open the assistant; ``make run`` calls this."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from environment import (
    DISPLAY_LIBRARIES,
    ROOT,
    WINDOW_LIBRARIES,
    has_nvidia_driver,
    make_environment,
    missing_libraries,
    require_python,
)


def main() -> int:
    """Returns the exit status of the assistant."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv")
    venv: Path = parser.parse_args().venv
    require_python()
    problem = window_problem()
    runtime = "gpu" if has_nvidia_driver() else "cpu"
    python = make_environment(venv, (runtime,) if problem else (runtime, "gui"))
    command = [str(python), "-m", "desktop_assistant"]
    if problem:
        print(f"{problem}\nHere is the same demo in the terminal:\n", flush=True)
        command += ["replay", "--demo", "--pace", "0.5"]
    return subprocess.run(command, check=False, cwd=ROOT).returncode


def window_problem() -> str:
    """Why no window can be opened, and the command that helps; empty where one can."""
    if not sys.platform.startswith("linux"):
        return ""
    has_wayland = bool(os.environ.get("WAYLAND_DISPLAY"))
    if not has_wayland and not os.environ.get("DISPLAY"):
        return "There is no display (neither DISPLAY nor WAYLAND_DISPLAY is set), so no window."
    groups = [WINDOW_LIBRARIES] if has_wayland else [WINDOW_LIBRARIES, DISPLAY_LIBRARIES]
    missing = missing_libraries(*groups)
    if missing:
        return f"The window needs libraries: sudo apt-get install {' '.join(missing)}"
    return ""


if __name__ == "__main__":
    sys.exit(main())
