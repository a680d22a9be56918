from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from desktop_assistant.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

WITHOUT_QT = """
import sys
sys.modules["PySide6"] = None
from desktop_assistant.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def run_without_qt(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_QT, *words], capture_output=True, text=True, check=False
    )


def test_commands_work_without_qt(tmp_path: Path) -> None:
    ended = run_without_qt("--home", str(tmp_path), "models", "list")

    assert ended.returncode == 0


def test_window_without_qt_says_what_to_install(tmp_path: Path) -> None:
    ended = run_without_qt("--home", str(tmp_path))

    assert ended.returncode == 2
    assert "desktop-assistant[gui]" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_window_with_wrong_settings_ends_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "settings.toml").write_text("suggestions = 7", "utf-8")

    status = main(["--home", str(tmp_path)])

    assert status == 2
    assert "suggestions is 7" in capsys.readouterr().err


def test_unusable_home_ends_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], qapp: object
) -> None:
    (tmp_path / "home").write_text("in the way", "utf-8")

    status = main(["--home", str(tmp_path / "home")])

    assert status == 2
    assert "home" in capsys.readouterr().err
