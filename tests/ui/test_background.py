from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from desktop_assistant.errors import AssistantError, StoreError
from desktop_assistant.ui.background import Background, Courier, StumbleError, frames_of
from desktop_assistant.worker import CancelToken, Worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

Room = Background[list[str]]

QUOTED = "my parcel is lost"


@pytest.fixture
def courier(qapp: object) -> Courier:
    return Courier()


@pytest.fixture
def room(courier: Courier) -> Iterator[Room]:
    room: Room = Background(Worker("room"), list, courier, "room")
    yield room
    room.close()


def test_work_is_done_on_the_worker_and_answered_on_the_main_thread(
    qtbot: QtBot, room: Room
) -> None:
    places: list[str] = []

    def answered(name: str) -> None:
        places.extend((name, threading.current_thread().name))

    room.ask(lambda _, __: threading.current_thread().name, answered)
    qtbot.waitUntil(lambda: bool(places))

    assert places == ["room", "MainThread"]


def test_the_thing_is_made_once_on_the_workers_thread(qtbot: QtBot, courier: Courier) -> None:
    made: list[str] = []

    def make() -> list[str]:
        made.append(threading.current_thread().name)
        return []

    room: Room = Background(Worker("room"), make, courier, "room")
    answers: list[bool] = []
    room.ask(lambda thing, _: thing.append("a"))
    room.ask(lambda thing, _: thing == ["a"], answers.append)
    qtbot.waitUntil(lambda: bool(answers))
    room.close()

    assert made == ["room"]
    assert answers == [True]


def test_a_thing_that_cannot_be_made_fails_every_request_the_same_way(
    qtbot: QtBot, courier: Courier
) -> None:
    attempts: list[int] = []

    def make() -> list[str]:
        attempts.append(1)
        raise StoreError("No disk.")

    room: Room = Background(Worker("room"), make, courier, "room")
    failures: list[AssistantError] = []
    room.ask(lambda _, __: None, on_failed=failures.append)
    room.ask(lambda _, __: None, on_failed=failures.append)
    qtbot.waitUntil(lambda: len(failures) == 2)
    room.close()

    assert [str(failure) for failure in failures] == ["No disk.", "No disk."]
    assert attempts == [1]


def test_answer_that_is_on_its_way_is_dropped_when_a_newer_one_is_asked_for(
    qtbot: QtBot, room: Room
) -> None:
    answers: list[str] = []
    is_done = threading.Event()
    room.ask(lambda _, __: "old", answers.append, lane="lane")
    room.ask(lambda _, __: is_done.set())
    assert is_done.wait(5)

    room.ask(lambda _, __: "new", answers.append, lane="lane")
    qtbot.waitUntil(lambda: bool(answers))

    assert answers == ["new"]


def test_answer_that_is_on_its_way_is_dropped_when_it_is_cancelled(
    qtbot: QtBot, room: Room
) -> None:
    answers: list[str] = []
    is_done = threading.Event()
    room.ask(lambda _, __: "old", answers.append, lane="lane")
    room.ask(lambda _, __: is_done.set())
    assert is_done.wait(5)

    room.cancel("lane")
    room.ask(lambda _, __: "other", answers.append)
    qtbot.waitUntil(lambda: bool(answers))

    assert answers == ["other"]


def test_running_work_learns_that_it_is_cancelled(qtbot: QtBot, room: Room) -> None:
    is_running, ended = threading.Event(), []

    def work(_: list[str], token: CancelToken) -> None:
        is_running.set()
        while not token():
            is_running.wait(0.001)
        ended.append(True)

    room.ask(work, lane="lane")
    assert is_running.wait(5)
    room.cancel("lane")
    qtbot.waitUntil(lambda: bool(ended))

    assert ended == [True]


def test_a_bug_is_logged_without_its_message_and_told_once(
    qtbot: QtBot, courier: Courier, room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    failures: list[AssistantError] = []
    stumbles: list[bool] = []
    courier.stumbled.connect(lambda: stumbles.append(True))

    def work(_: list[str], __: CancelToken) -> None:
        raise ValueError(QUOTED)

    room.ask(work, on_failed=failures.append)
    qtbot.waitUntil(lambda: bool(failures))

    assert isinstance(failures[0], StumbleError)
    assert stumbles == [True]
    assert "ValueError" in caplog.text
    assert "test_background.py" in caplog.text
    assert QUOTED not in caplog.text


def test_traceback_names_the_cause_but_quotes_nobody() -> None:
    def fail() -> None:
        raise KeyError(QUOTED)

    try:
        try:
            fail()
        except KeyError as exc:
            raise RuntimeError(QUOTED) from exc
    except RuntimeError as exc:
        text = frames_of(exc)

    assert text.index("KeyError") < text.index("caused this") < text.index("RuntimeError", 400)
    assert QUOTED not in text
