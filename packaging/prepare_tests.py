"""Install everything the checks need, apt packages included; ``make test`` calls this."""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

from environment import (
    DISPLAY_LIBRARIES,
    ROOT,
    WINDOW_LIBRARIES,
    make_environment,
    missing_libraries,
    require_python,
    run,
)

CJK_FONT = "fonts-wqy-microhei"


def main() -> None:
    """Leaves with a sentence where something cannot be installed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv")
    venv: Path = parser.parse_args().venv
    require_python()
    install_system_packages()
    make_environment(venv, ("cpu", "gui", "training", "dev"))


def install_system_packages() -> None:
    """Use apt where it is and where we may; elsewhere say what would be installed."""
    missing = missing_libraries(WINDOW_LIBRARIES, DISPLAY_LIBRARIES)
    if shutil.which("apt-get") and shutil.which("Xvfb") is None:
        missing.append("xvfb")
    if shutil.which("fc-list") is None or not _has_chinese_font():
        missing += ["fontconfig", CJK_FONT]
    if not missing or not shutil.which("apt-get"):
        return
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    sentence = f"The checks need: sudo apt-get install {' '.join(missing)}"
    run([*prefix, "apt-get", "update", "-qq"], sentence)
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
    run([*prefix, "env", "DEBIAN_FRONTEND=noninteractive", *install], sentence)


def _has_chinese_font() -> bool:
    folders = [Path("/usr/share/fonts"), Path.home() / ".fonts"]
    names = ("wqy", "NotoSansCJK", "NotoSerifCJK", "DroidSansFallback")
    return any(
        name in path.name for folder in folders for path in folder.rglob("*.tt?") for name in names
    )


if __name__ == "__main__":
    main()
