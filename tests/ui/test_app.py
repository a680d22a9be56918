from __future__ import annotations

import logging
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from desktop_assistant import app
from desktop_assistant.errors import RecordError, StoreError
from desktop_assistant.paths import UserPaths
from desktop_assistant.settings import Settings
from desktop_assistant.training_example import write_records
from desktop_assistant.ui.background import Courier
from desktop_assistant.ui.main_window import MainWindow
from desktop_assistant.worker import Worker
from tests.fakes import FakeEngine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WORDS = "my parcel is lost"


@pytest.fixture
def paths(tmp_path: Path) -> UserPaths:
    return UserPaths(tmp_path / "home")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    engine = FakeEngine()
    monkeypatch.setattr(app, "open_local_engine", lambda *_: engine)
    return engine


def windows() -> list[MainWindow]:
    return [one for one in QApplication.topLevelWidgets() if isinstance(one, MainWindow)]


def close_when(condition: Callable[[MainWindow], bool]) -> QTimer:
    """Close the window once ``condition`` holds; keep the timer."""
    timer = QTimer()

    def look() -> None:
        for window in windows():
            if window.isVisible() and condition(window):
                timer.stop()
                window.close()

    timer.timeout.connect(look)
    timer.start(20)
    return timer


def transcript(tmp_path: Path) -> Path:
    path = tmp_path / "chats.jsonl"
    write_records(path, [{"turns": [{"role": "customer", "text": WORDS}]}])
    return path


def test_window_opens_lets_customers_in_and_closes(
    qapp: QApplication, engine: FakeEngine, paths: UserPaths, tmp_path: Path
) -> None:
    timer = close_when(lambda _: engine.asked("analyse") == [WORDS])

    status = app.run_window(Settings(), paths, [transcript(tmp_path)])

    assert status == 0
    assert not timer.isActive()
    assert paths.database.exists()
    assert WORDS not in (paths.logs / "assistant.log").read_text("utf-8")
    assert {"engine", "store"}.isdisjoint(thread.name for thread in threading.enumerate())


def test_conversations_are_there_again_after_a_restart(
    qapp: QApplication, engine: FakeEngine, paths: UserPaths, tmp_path: Path
) -> None:
    files = [transcript(tmp_path)]
    timer = close_when(lambda _: engine.asked("analyse") == [WORDS])
    app.run_window(Settings(), paths, files)
    rows: list[int] = []

    def has_rows(window: MainWindow) -> bool:
        rows.append(len(window.conversations.model.rows))
        return True

    timer = close_when(has_rows)
    app.run_window(Settings(), paths, files)

    assert rows == [1]
    assert not timer.isActive()


def test_second_window_is_kept_away(qapp: QApplication, paths: UserPaths) -> None:
    app.prepare_home(paths)

    with app.only_window(paths), pytest.raises(StoreError, match="open already"):
        app.run_window(Settings(), paths)


def test_home_that_is_a_file_is_refused_with_a_sentence(
    qapp: QApplication, paths: UserPaths
) -> None:
    paths.home.write_text("in the way", "utf-8")

    with pytest.raises(StoreError, match="choose another one with --home"):
        app.run_window(Settings(), paths)


def test_database_that_cannot_be_opened_is_refused_before_any_window(
    qapp: QApplication, paths: UserPaths
) -> None:
    paths.database.mkdir(parents=True)

    with pytest.raises(StoreError):
        app.run_window(Settings(), paths)

    assert [window for window in windows() if window.isVisible()] == []


def test_transcript_that_cannot_be_read_is_refused(
    qapp: QApplication, paths: UserPaths, tmp_path: Path
) -> None:
    with pytest.raises(RecordError):
        app.run_window(Settings(), paths, [tmp_path / "missing.jsonl"])

    assert "store" not in {thread.name for thread in threading.enumerate()}


def test_store_lives_on_its_own_thread(paths: UserPaths) -> None:
    worker = Worker("store")
    stored = app.open_desk(worker, paths.database)
    places: list[str] = []

    worker.submit(
        lambda _: stored.store.close(),
        lambda _: places.append(threading.current_thread().name),
        lambda exc: places.append(str(exc)),
    )
    worker.close(finish=True)

    assert places == ["store"]
    assert stored.chats == []


def test_what_nobody_caught_is_logged_without_text_and_told(
    qapp: QApplication, caplog: pytest.LogCaptureFixture
) -> None:
    courier = Courier()
    stumbles: list[bool] = []
    courier.stumbled.connect(lambda: stumbles.append(True))
    before = sys.excepthook

    with app.exceptions_told(courier):
        sys.excepthook(ValueError, ValueError(WORDS), None)

    assert sys.excepthook is before
    assert stumbles == [True]
    assert "ValueError" in caplog.text
    assert WORDS not in caplog.text


def test_log_names_exceptions_but_quotes_nobody(paths: UserPaths) -> None:
    def fail() -> None:
        raise ValueError(WORDS)

    app.prepare_home(paths)

    with app.log_file(paths.logs):
        try:
            fail()
        except ValueError:
            logging.getLogger("desktop_assistant.test").exception("it failed")

    written = (paths.logs / "assistant.log").read_text("utf-8")
    assert "it failed" in written
    assert "ValueError" in written
    assert WORDS not in written
