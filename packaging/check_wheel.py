"""Build a wheel, install it elsewhere, and see whether the commands work from it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"


def main() -> None:
    """Raises CalledProcessError or AssertionError if the wheel does not work."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        _run([sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)], folder)
        wheel = next(folder.glob("*.whl"))
        print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.0f} MB")
        venv.create(folder / "venv", with_pip=True)
        python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
        _run(
            [
                str(python),
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--constraint",
                str(CONSTRAINTS),
                f"{wheel}[cpu]",
            ],
            folder,
        )
        command = [str(python), "-I", "-m", "desktop_assistant", "--home", str(folder / "home")]
        for arguments in (["--help"], ["models", "list"], ["models", "verify"], ["doctor"]):
            _run([*command, *arguments], folder)
        line = json.dumps({"id": 1, "text": "where is my parcel?"}) + "\n"
        answer = json.loads(_run([*command, "analyse"], folder, line))
        assert answer["intents"], answer
        turns = [{"role": "customer", "text": "我的快递到哪了？"}]
        line = json.dumps({"id": 2, "turns": turns}) + "\n"
        answer = json.loads(_run([*command, "suggest"], folder, line))
        assert answer["suggestions"], answer
    print("the wheel works: 1 passed, 0 failed")


def _run(command: list[str], folder: Path, stdin: str = "") -> str:
    done = subprocess.run(
        command, check=False, cwd=folder, input=stdin, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
