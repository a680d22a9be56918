from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from desktop_assistant.cli import doctor
from desktop_assistant.cli.main import main
from desktop_assistant.cli.opening import open_store
from desktop_assistant.paths import UserPaths, user_paths

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    Captured = pytest.CaptureFixture[str]


def findings(paths: UserPaths) -> dict[str, doctor.Finding]:
    return {one.subject: one for one in doctor.examine(paths)}


def test_every_subject_of_the_contract_is_looked_at() -> None:
    subjects = set(findings(user_paths()))

    assert {"python", "onnxruntime", "runs on", "database", "home", "disk"} <= subjects


def test_the_verdict_is_the_exit_status(capfd: Captured) -> None:
    status = main(["doctor", "--json"])

    report: dict[str, Any] = json.loads(capfd.readouterr().out)
    bad = [one for one in report["findings"] if one["verdict"] == "problem"]
    assert status == (1 if bad else 0)
    assert report["ok"] is not bool(bad)


def test_a_person_reads_one_line_a_finding(capfd: Captured) -> None:
    main(["doctor"])

    told = capfd.readouterr().out
    assert "python" in told
    assert "\x1b" not in told


def test_a_healthy_database_is_well() -> None:
    paths = user_paths()
    open_store(paths).close()

    assert findings(paths)["database"].verdict == "ok"


def test_a_damaged_database_is_found_and_left_alone() -> None:
    paths = user_paths()
    paths.home.mkdir()
    paths.database.write_bytes(b"no database" * 500)

    finding = findings(paths)["database"]

    assert finding.verdict == "problem"
    assert "damaged" in finding.detail
    assert paths.database.read_bytes() == b"no database" * 500
    assert [path.name for path in paths.home.iterdir()] == [paths.database.name]


def test_settings_that_cannot_be_used_are_a_problem() -> None:
    paths = user_paths()
    paths.home.mkdir()
    paths.settings.write_text("suggestions = 9")

    assert findings(paths)["settings and pack"].verdict == "problem"


def test_a_home_that_is_a_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    assert findings(UserPaths(tmp_path / "file"))["home"].verdict == "problem"


def test_nothing_is_created_by_looking() -> None:
    paths = user_paths()

    doctor.examine(paths)

    assert not paths.home.exists()


def test_a_missing_package_names_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_version", lambda _: "")

    found = findings(user_paths())

    assert found["onnxruntime"].verdict == "problem"
    assert found["torch"].verdict == "note"
    assert "desktop-assistant[training]" in found["torch"].detail
