from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_assistant.completion import NoCompletion
from desktop_assistant.settings import Settings
from desktop_assistant.ui.chat import merge_cards
from tests.fakes import reply, written
from tests.ui.desk_room import DeskRoom

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from desktop_assistant.suggestion import Suggestion


@pytest.fixture
def room(qtbot: QtBot, tmp_path: Path) -> Iterator[DeskRoom]:
    room = DeskRoom(qtbot, tmp_path / "assistant.sqlite")
    room.chat()
    yield room
    room.close()


def offered(room: DeskRoom) -> list[tuple[str, str]]:
    """(draft, text) of each completion that was let through."""
    return [(draft, completion.text) for _, draft, completion in room.names("completion_ready")]


def show(room: DeskRoom, draft: str, text: str) -> None:
    """Type ``draft``, and see ``text`` after it for half a second."""
    room.engine.completions[draft] = text
    room.type(draft)
    room.wait(lambda: (draft, text) in offered(room))
    room.desk.completion_shown(text)
    room.clock.advance(0.5)


def test_completion_follows_the_draft(room: DeskRoom) -> None:
    room.engine.completions["I am"] = " sorry"

    room.type("I am")
    room.wait(lambda: bool(offered(room)))

    assert offered(room) == [("I am", " sorry")]


def test_keys_that_come_together_become_one_question(room: DeskRoom) -> None:
    for draft in ("I", "I ", "I a", "I am"):
        room.type(draft)
    room.wait(lambda: bool(offered(room)))

    assert room.engine.asked("complete") == ["I am"]


def test_stale_completion_is_dropped(room: DeskRoom) -> None:
    room.engine.completions = {"I am": " sorry", "I was": " wrong"}
    room.engine.held.add("complete")
    room.type("I am")
    room.wait(lambda: room.engine.asked("complete") == ["I am"])

    room.type("I was")
    room.wait(lambda: room.engine.asked("complete") == ["I am", "I was"])
    room.engine.release()
    room.wait(lambda: bool(offered(room)))

    assert offered(room) == [("I was", " wrong")]


def test_late_answer_is_used_when_the_agent_typed_along_with_it(room: DeskRoom) -> None:
    room.engine.completions = {"I am": " sorry"}
    room.engine.held.add("complete")
    room.type("I am")
    room.wait(lambda: room.engine.asked("complete") == ["I am"])

    room.engine.release()
    room.type("I am so")
    room.wait(lambda: bool(offered(room)))

    assert offered(room) == [("I am so", "rry")]


def test_nothing_is_asked_while_the_agent_types_along(room: DeskRoom) -> None:
    show(room, "I am", " sorry")

    room.type("I am s")
    room.type("I am so")
    room.settle()

    assert room.engine.asked("complete") == ["I am"]


def test_nothing_is_asked_for_a_blank_draft_or_a_caret_inside_it(room: DeskRoom) -> None:
    room.type("  ")
    room.desk.draft_changed("c1", "I am", caret_at_end=False)
    room.settle()

    assert room.engine.asked("complete") == []


def test_completion_after_the_deadline_is_not_shown(room: DeskRoom) -> None:
    room.engine.completions["I am"] = " sorry"
    room.engine.held.add("complete")
    room.type("I am")
    room.wait(lambda: room.engine.asked("complete") == ["I am"])

    room.clock.advance(0.5)
    room.engine.release()
    room.wait(lambda: bool(room.names("completion_ready")))

    completion = room.names("completion_ready")[-1][2]
    assert completion.text == ""
    assert completion.reason is NoCompletion.TOO_LATE


def test_completion_does_not_follow_into_another_conversation(room: DeskRoom) -> None:
    room.engine.completions["I am"] = " sorry"
    room.engine.held.add("complete")
    room.source.open_chat("c2")
    room.type("I am")
    room.wait(lambda: room.engine.asked("complete") == ["I am"])

    room.desk.select("c2")
    room.engine.release()
    room.settle()

    assert offered(room) == []


def test_switched_off_completions_are_not_asked_for(room: DeskRoom) -> None:
    room.desk.apply_settings(Settings(completions=False))

    room.type("I am")
    room.settle()

    assert room.engine.asked("complete") == []


def test_completion_that_was_never_shown_leaves_no_row(room: DeskRoom) -> None:
    room.engine.completions["I am"] = " sorry"
    room.type("I am")
    room.wait(lambda: bool(offered(room)))

    room.reply("I am")

    assert room.outcomes() == {}


def test_taking_all_of_it_is_accepted(room: DeskRoom) -> None:
    show(room, "I am", " sorry for this")

    room.type("I am sorry for this")
    room.desk.completion_accepted(" sorry for this", 3)

    (row,) = room.stored()
    assert row[1] is not None
    assert (row[1].outcome.value, row[1].accepted_words) == ("accepted", 3)
    assert row[0].draft == "I am"
    assert row[0].surface == "completion"


def test_taking_words_and_typing_on_is_accepted_in_part(room: DeskRoom) -> None:
    show(room, "I am", " sorry for this")

    room.type("I am sorry ")
    room.desk.completion_accepted(" sorry ", 1)
    room.type("I am sorry a")

    assert room.outcomes() == {" sorry for this": "accepted_in_part"}


def test_taking_word_after_word_to_the_end_is_accepted(room: DeskRoom) -> None:
    show(room, "I am", " sorry for")

    room.type("I am sorry ")
    room.desk.completion_accepted(" sorry ", 1)
    room.type("I am sorry for")
    room.desk.completion_accepted("for", 1)

    (row,) = room.stored()
    assert row[1] is not None
    assert (row[1].outcome.value, row[1].accepted_words) == ("accepted", 2)


def test_typing_something_else_is_typed_over(room: DeskRoom) -> None:
    show(room, "I am", " sorry")

    room.type("I am h")

    assert room.outcomes() == {" sorry": "typed_over"}


def test_typing_on_before_it_could_be_seen_makes_it_too_late(room: DeskRoom) -> None:
    show(room, "I am", " sorry")
    room.clock.advance(-0.4)

    room.type("I am h")

    assert room.outcomes() == {" sorry": "too_late"}


def test_typing_the_same_by_hand_ignores_it(room: DeskRoom) -> None:
    show(room, "I am", " in")

    for draft in ("I am ", "I am i", "I am in", "I am ins"):
        room.type(draft)

    assert room.outcomes() == {" in": "ignored"}


def test_escape_dismisses_it(room: DeskRoom) -> None:
    show(room, "I am", " sorry")

    room.desk.completion_dismissed()

    assert room.outcomes() == {" sorry": "dismissed"}


def test_sending_with_it_on_show_ignores_it(room: DeskRoom) -> None:
    show(room, "I am", " sorry")

    room.reply("I am")

    assert room.outcomes() == {" sorry": "ignored"}


def test_one_offer_is_one_row_however_often_it_is_painted(room: DeskRoom) -> None:
    show(room, "I am", " sorry")

    room.desk.completion_shown(" sorry")
    room.desk.completion_shown("orry")

    assert room.outcomes() == {" sorry": "open"}


def test_ten_thousand_emissions_do_not_bring_the_process_down(room: DeskRoom) -> None:
    """PySide6 6.12.0 on Python 3.11 aborts after some 580 emissions."""
    for number in range(10_000):
        room.desk.conversation_changed.emit(str(number))

    assert room.desk.selected_id == "c1"


@pytest.mark.parametrize(
    ("on_show", "fresh", "merged"),
    [
        ([], [written("a", 0.5)], ["a"]),
        ([reply("a", 0.9)], [written("b", 0.95)], ["a", "b"]),
        ([reply("a", 0.9)], [reply("a", 0.9)], ["a"]),
        (
            [reply("a", 0.9), reply("b", 0.3), reply("c", 0.5)],
            [written("d", 0.6), reply("a", 0.9), reply("c", 0.5)],
            ["a", "d", "c"],
        ),
        (
            [reply("a", 0.9), reply("b", 0.8), reply("c", 0.7)],
            [written("d", 0.6)],
            ["a", "b", "c"],
        ),
    ],
)
def test_better_cards_never_move_those_on_show(
    on_show: list[Suggestion], fresh: list[Suggestion], merged: list[str]
) -> None:
    assert [card.text for card in merge_cards(on_show, fresh, 3)] == merged
