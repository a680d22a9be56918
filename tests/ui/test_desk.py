from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from desktop_assistant.analysis import Entity
from desktop_assistant.errors import AssistantError, ModelError, StoreError
from desktop_assistant.settings import Settings
from desktop_assistant.suggestion import KnowledgeHit
from desktop_assistant.training_example import FaqEntry
from tests.fakes import reply, written
from tests.ui.desk_room import DeskRoom

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot


@pytest.fixture
def room(qtbot: QtBot, tmp_path: Path) -> Iterator[DeskRoom]:
    room = DeskRoom(qtbot, tmp_path / "assistant.sqlite")
    yield room
    room.close()


def test_customer_message_is_shown_analysed_and_stored(room: DeskRoom) -> None:
    message_id = room.chat("c1", "Where is my parcel?")

    view = room.desk.view("c1")
    assert [m.text for m in view.conversation.messages] == ["Where is my parcel?"]
    assert view.sentiment == "negative"
    assert view.mood == pytest.approx(-0.6)
    assert view.waiting_since == view.conversation.messages[0].sent_at
    assert room.desk.analyses("c1")[message_id].intent == "track_order"
    assert room.engine.threads == {"engine"}


def test_message_of_an_unknown_conversation_is_dropped(room: DeskRoom) -> None:
    room.source.write("nobody", "hello?")
    room.settle()

    assert room.desk.conversations() == []
    assert room.names("notice") == []


def test_retrieved_cards_come_first_and_stay_where_they_are(room: DeskRoom) -> None:
    room.engine.retrieved = (reply("strong", 0.9), reply("weak", 0.2), reply("middling", 0.5))
    room.engine.generated = (written("better", 0.6),)
    room.engine.held.add("suggest")
    room.source.open_chat("c1")
    room.desk.select("c1")
    room.source.write("c1", "Where is my parcel?")
    room.wait(lambda: bool(room.engine.asked("suggest") and room.names("suggestions_ready")))
    first = room.cards()

    room.engine.release()
    room.settle()

    assert first == ["strong", "weak", "middling"]
    assert room.cards() == ["strong", "better", "middling"]


def test_generated_cards_do_not_come_after_one_was_taken(room: DeskRoom) -> None:
    room.engine.retrieved = (reply("strong", 0.9),)
    room.engine.generated = (written("better", 0.95),)
    room.engine.held.add("suggest")
    room.source.open_chat("c1")
    room.desk.select("c1")
    room.source.write("c1", "Where is my parcel?")
    room.wait(lambda: bool(room.engine.asked("suggest") and room.names("suggestions_ready")))

    taken = room.desk.take_suggestion("c1", 0)
    room.engine.release()
    room.settle()

    assert taken == "strong"
    assert room.cards() == ["strong"]


def test_a_key_press_stops_generation_until_the_keys_rest(room: DeskRoom) -> None:
    room.engine.generated = (written("better"),)
    room.engine.held.add("suggest")
    room.source.open_chat("c1")
    room.desk.select("c1")
    room.source.write("c1", "Where is my parcel?")
    room.wait(lambda: bool(room.engine.asked("suggest")))

    room.type("H")
    room.settle()
    while_typing = len(room.engine.asked("suggest"))
    room.engine.release()
    room.clock.advance(1)
    room.wait(lambda: len(room.engine.asked("suggest")) == 2)
    room.settle()

    assert while_typing == 1
    assert room.cards() == ["better"]


def test_a_newer_message_replaces_the_cards_of_the_older(room: DeskRoom) -> None:
    room.engine.retrieved = (reply("old"),)
    room.chat("c1", "Where is my parcel?")
    room.clock.advance(2)

    room.engine.retrieved = (reply("new"),)
    room.source.write("c1", "Hello?")
    room.settle()

    assert room.cards() == ["new"]
    assert room.outcomes() == {"old": "ignored", "new": "open"}


def test_cards_that_took_the_place_of_others_are_decided_too(room: DeskRoom) -> None:
    room.engine.retrieved = (reply("old"),)
    room.chat("c1", "Where is my parcel?")
    room.engine.retrieved = (reply("new"),)
    room.source.write("c1", "Hello?")
    room.settle()
    room.clock.advance(2)

    room.reply(room.desk.take_suggestion("c1", 0))

    assert room.outcomes() == {"old": "too_late", "new": "accepted"}


def test_an_inserted_card_is_decided_on_sending_although_a_newer_message_came(
    room: DeskRoom,
) -> None:
    room.engine.retrieved = (reply("old"),)
    room.chat("c1", "Where is my parcel?")
    text = room.desk.take_suggestion("c1", 0)
    room.engine.retrieved = (reply("new"),)
    room.source.write("c1", "Hello?")
    room.settle()
    room.clock.advance(2)

    room.reply(text)

    assert room.outcomes() == {"old": "accepted", "new": "ignored"}


def test_cards_of_another_conversation_become_rows_only_when_they_are_seen(
    room: DeskRoom,
) -> None:
    room.engine.retrieved = (reply("card"),)
    room.source.open_chat("c1")
    room.source.write("c1", "Where is my parcel?")
    room.settle()
    before = room.outcomes()

    room.desk.select("c1")
    room.settle()

    assert before == {}
    assert room.outcomes() == {"card": "open"}
    assert room.cards() == ["card"]


def test_sending_decides_every_card_with_the_message(room: DeskRoom) -> None:
    room.engine.retrieved = (reply("I am on it."), reply("Sorry!"))
    room.chat()
    room.clock.advance(2)

    text = room.desk.take_suggestion("c1", 0)
    room.type(text)
    room.type("I am on it now.")
    room.reply("I am on it now.")

    rows = {shown.text: decision for shown, decision in room.stored() if decision}
    assert room.outcomes() == {"I am on it.": "edited", "Sorry!": "ignored"}
    assert rows["I am on it."].edit_distance == 4
    assert rows["I am on it."].keystrokes == 1
    assert rows["I am on it."].final_text == "I am on it now."
    assert rows["I am on it."].time_to_decision_ms == 2000


def test_a_card_that_came_just_before_sending_came_too_late(room: DeskRoom) -> None:
    room.engine.retrieved = (reply("I am on it."),)
    room.chat()

    room.reply("Something else")

    assert room.outcomes() == {"I am on it.": "too_late"}


def test_sent_comes_only_after_the_store_has_it(room: DeskRoom) -> None:
    room.chat()

    room.desk.send("c1", "On its way.")
    at_once = room.names("sent")
    room.wait(lambda: bool(room.names("sent")))

    assert at_once == []
    assert [m.text for m in room.source.delivered] == ["On its way."]
    assert room.desk.view("c1").waiting_since is None


def test_a_second_press_does_not_send_twice(room: DeskRoom) -> None:
    room.chat()

    room.desk.send("c1", "On its way.")
    room.desk.send("c1", "On its way.")
    room.settle()

    assert len(room.source.delivered) == 1


def test_blank_text_is_not_sent(room: DeskRoom) -> None:
    room.chat()

    room.desk.send("c1", " \n")
    room.settle()

    assert room.names("sent") == []


def test_a_message_that_cannot_be_stored_stays_unsent_and_its_cards_open(room: DeskRoom) -> None:
    room.engine.retrieved = (reply("card"),)
    room.chat()
    room.type("Hello")
    room.store.refuse_with = StoreError("The disk is full. Free some space, then send again.")

    room.reply("Hello")

    failed = room.names("send_failed")
    assert failed == [("c1", "Hello", "The disk is full. Free some space, then send again.")]
    assert room.source.delivered == []
    assert room.desk.view("c1").draft == "Hello"
    assert room.outcomes() == {"card": "open"}


def test_a_message_can_be_sent_again_after_it_failed(room: DeskRoom) -> None:
    room.chat()
    room.store.refuse_with = StoreError("The disk is full.")
    room.reply("Hello")
    room.store.refuse_with = None

    room.reply("Hello")

    assert [m.text for m in room.source.delivered] == ["Hello"]


def test_a_bug_in_the_store_gives_the_text_back_too(
    room: DeskRoom, caplog: pytest.LogCaptureFixture
) -> None:
    room.chat()
    room.store.refuse_with = ValueError("secret words of the customer")

    room.reply("Hello")

    assert room.names("send_failed")[0][1] == "Hello"
    assert "ValueError" in caplog.text
    assert "secret words" not in caplog.text


def test_a_refused_delivery_is_told(room: DeskRoom) -> None:
    room.chat()
    room.source.refuse_with = AssistantError("The customer has left.")

    room.reply("Hello")

    assert room.names("undelivered")[0][2] == "The customer has left."
    assert len(room.names("sent")) == 1


def test_a_customer_message_that_comes_while_sending_waits_for_its_own_answer(
    room: DeskRoom,
) -> None:
    room.engine.retrieved = (reply("card"),)
    room.chat()

    room.desk.send("c1", "On its way.")
    room.source.write("c1", "And the invoice?")
    room.settle()

    texts = [m.text for m in room.desk.view("c1").conversation.messages]
    assert texts == ["Where is my parcel?", "On its way.", "And the invoice?"]
    assert room.desk.view("c1").waiting_since is not None
    assert room.cards() == ["card"]


def test_sent_replies_become_suggestible(room: DeskRoom) -> None:
    room.chat("c1", "Where is my parcel?")

    room.reply("On its way.")
    room.settle()

    assert room.engine.history == [("Where is my parcel?", "On its way.")]


def test_dismissed_card_goes_with_its_reason(room: DeskRoom) -> None:
    room.engine.retrieved = (reply("bad"), reply("good"))
    room.chat()

    room.desk.dismiss_suggestion(0, "wrong tone")

    decisions = {shown.text: decision for shown, decision in room.stored()}
    assert room.cards() == ["good"]
    assert decisions["bad"] is not None
    assert decisions["bad"].outcome.value == "dismissed"
    assert decisions["bad"].reason == "wrong tone"


def test_correction_is_stored_and_seen(room: DeskRoom) -> None:
    message_id = room.chat()

    room.desk.correct_intent("c1", message_id, "delivery_problem")
    room.desk.correct_sentiment("c1", message_id, "neutral")
    room.wait(lambda: len(room.names("correction_saved")) == 2)

    first = room.desk.corrections("c1")[0]
    assert (first.predicted, first.corrected) == ("track_order", "delivery_problem")
    assert (first.corrected_by, first.model) == ("Kim", "fake@1")
    assert room.desk.view("c1").sentiment == "neutral"


def test_knowledge_is_looked_up_for_the_customers_message_and_on_demand(room: DeskRoom) -> None:
    room.engine.hits = [KnowledgeHit("How long?", "Two days.", 0.9, "en/shipping")]
    room.chat("c1", "Where is my parcel?")

    room.desk.search_knowledge("returns")
    room.settle()

    assert room.engine.asked("search") == ["Where is my parcel?", "returns"]
    assert room.names("knowledge_ready")[-1] == ("c1", room.engine.hits)


def test_variables_are_filled_with_what_the_customer_told(room: DeskRoom) -> None:
    message_id = room.chat("c1", "Where is NW-123?")
    analysis = room.desk.analyses("c1")[message_id]
    assert analysis.entities == ()

    room.engine.entities = (Entity(9, 15, "order_number", "NW-123"),)
    room.source.write("c1", "It is NW-123.")
    room.settle()

    assert room.engine.values[-1] == {
        "customer_name": "Anna",
        "agent_name": "Kim",
        "order_number": "NW-123",
    }


def test_unread_counts_until_the_conversation_is_looked_at(room: DeskRoom) -> None:
    room.source.open_chat("c1")
    room.source.write("c1", "Hello?")
    room.source.write("c1", "Anybody?")
    before = room.desk.view("c1").unread

    room.desk.select("c1")

    assert (before, room.desk.view("c1").unread) == (2, 0)


def test_the_newest_message_leads_the_list(room: DeskRoom) -> None:
    for conversation_id in ("c1", "c2"):
        room.source.open_chat(conversation_id)
        room.source.write(conversation_id, "Hello?")
        room.clock.advance(1)

    room.source.write("c1", "Anybody?")

    assert [view.conversation_id for view in room.desk.conversations()] == ["c1", "c2"]


def test_resolved_conversation_leaves_the_list_and_its_cards_are_ignored(room: DeskRoom) -> None:
    room.engine.retrieved = (reply("card"),)
    room.chat("c1")
    room.clock.advance(1)

    room.desk.resolve("c1")

    assert room.desk.conversations() == []
    assert room.desk.selected_id == ""
    assert room.outcomes() == {"card": "ignored"}


def test_resolved_conversation_comes_back_when_the_customer_writes(room: DeskRoom) -> None:
    room.chat("c1")
    room.desk.resolve("c1")

    room.source.write("c1", "One more thing")

    assert [view.status for view in room.desk.conversations()] == ["open"]


def test_failing_engine_is_told_once_and_typing_goes_on(room: DeskRoom) -> None:
    room.engine.fail_with = {
        name: ModelError("The model is damaged. Install it again.")
        for name in ("analyse", "suggest_retrieved", "suggest", "search", "complete")
    }
    room.chat()
    room.type("Hello there")
    room.settle()

    room.reply("Hello there")

    assert room.names("notice") == [("error", "The model is damaged. Install it again.")]
    assert len(room.names("sent")) == 1


def test_bug_in_the_engine_is_logged_without_text_and_told_once(
    room: DeskRoom, caplog: pytest.LogCaptureFixture
) -> None:
    room.engine.fail_with = {
        name: RuntimeError("Where is my parcel?") for name in ("analyse", "suggest_retrieved")
    }

    room.chat("c1", "Where is my parcel?")

    assert "RuntimeError" in caplog.text
    assert "parcel" not in caplog.text
    assert [level for level, _ in room.names("notice")] == ["warning"]


def test_everything_survives_a_restart(qtbot: QtBot, tmp_path: Path) -> None:
    first = DeskRoom(qtbot, tmp_path / "assistant.sqlite")
    first.chat("c1", "Where is my parcel?")
    first.reply("On its way.")
    first.source.write("c1", "Since when?")
    first.settle()
    first.type("Since Mon")
    before = first.desk.view("c1")
    first.close()

    second = DeskRoom(qtbot, tmp_path / "assistant.sqlite")
    after = second.desk.view("c1")
    second.wait(lambda: second.engine.asked("suggest") == ["Since when?"])
    second.close()

    assert after.conversation == before.conversation
    assert (after.draft, after.unread) == ("Since Mon", 1)
    assert after.sentiment == "negative"
    assert second.engine.history == [("Where is my parcel?", "On its way.")]


def test_closing_ignores_what_is_still_open(qtbot: QtBot, tmp_path: Path) -> None:
    first = DeskRoom(qtbot, tmp_path / "assistant.sqlite")
    first.engine.retrieved = (reply("card"),)
    first.chat()
    first.clock.advance(1)

    first.close()

    second = DeskRoom(qtbot, tmp_path / "assistant.sqlite")
    outcomes = second.outcomes()
    second.close()
    assert outcomes == {"card": "ignored"}
    assert first.source.is_stopped


def test_engine_learns_imported_knowledge_at_the_start(qtbot: QtBot, tmp_path: Path) -> None:
    first = DeskRoom(qtbot, tmp_path / "assistant.sqlite")
    entry = FaqEntry("How long?", "Two days.", "en")
    done: list[int] = []
    first.store_room.ask(lambda store, _: store.add_knowledge([entry]), done.append)
    first.wait(lambda: bool(done))
    first.close()

    second = DeskRoom(qtbot, tmp_path / "assistant.sqlite")
    second.wait(lambda: bool(second.engine.knowledge))
    second.close()

    assert second.engine.knowledge == [entry]


def test_no_suggestions_are_asked_for_when_they_are_switched_off(
    qtbot: QtBot, tmp_path: Path
) -> None:
    room = DeskRoom(qtbot, tmp_path / "assistant.sqlite", Settings(suggestions=0))

    room.chat()
    room.close()

    assert room.engine.asked("suggest_retrieved") == []
    assert room.engine.asked("analyse") == ["Where is my parcel?"]
