from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from desktop_assistant.conversation import Conversation, Message, Turn
from desktop_assistant.errors import RecordError
from desktop_assistant.sources.demo import LIVE_CHATS, DemoSource, in_turn
from desktop_assistant.sources.transcript import TranscriptSource
from desktop_assistant.training_example import Dialogue, write_records
from tests.fakes import NOON, FakeClock, FakeSchedule

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_assistant.conversation import Role
    from desktop_assistant.sources import ChatSource


def dialogue(dialogue_id: str, script: str = "cac", lang: str = "en") -> Dialogue:
    """A dialogue whose ``script`` gives a letter for each turn: c(ustomer) or a(gent)."""
    turns = tuple(
        Turn("customer" if letter == "c" else "agent", f"{dialogue_id} turn {number}")
        for number, letter in enumerate(script)
    )
    return Dialogue(dialogue_id, turns, lang, customer_name=f"Customer {dialogue_id}")


class Stage:
    """A source on the fake clock, and what came from it."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.schedule = FakeSchedule(self.clock)
        self.chats: list[Conversation] = []
        self.messages: list[Message] = []

    def demo(
        self,
        dialogues: list[Dialogue],
        speed: float = 1.0,
        continued: tuple[Conversation, ...] = (),
    ) -> DemoSource:
        source = DemoSource(
            dialogues, self.schedule, self.clock.now, speed=speed, continued=continued
        )
        source.start(self.chats.append, self.messages.append)
        return source

    def answer(self, source: ChatSource, conversation_id: str = "") -> None:
        chat_id = conversation_id or self.chats[0].conversation_id
        source.send(Message("m", chat_id, "agent", "An answer", self.clock.now()))

    def texts(self) -> list[str]:
        return [message.text for message in self.messages]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_customer_opens_the_chat_and_writes(stage: Stage) -> None:
    stage.demo([dialogue("d")])

    stage.schedule.advance(1)

    assert [chat.customer_name for chat in stage.chats] == ["Customer d"]
    assert stage.texts() == ["d turn 0"]
    assert stage.messages[0].conversation_id == stage.chats[0].conversation_id
    assert stage.messages[0].role == "customer"


def test_customer_waits_for_an_answer_however_long(stage: Stage) -> None:
    stage.demo([dialogue("d")])

    stage.schedule.advance(3600)

    assert stage.texts() == ["d turn 0"]


def test_next_words_come_some_seconds_after_the_answer(stage: Stage) -> None:
    source = stage.demo([dialogue("d")])
    stage.schedule.advance(1)

    stage.answer(source)
    stage.schedule.advance(1)
    at_once = stage.texts()
    stage.schedule.advance(5)

    assert at_once == ["d turn 0"]
    assert stage.texts() == ["d turn 0", "d turn 2"]


def test_words_in_several_messages_follow_each_other(stage: Stage) -> None:
    stage.demo([dialogue("d", "ccca")])

    stage.schedule.advance(30)

    assert stage.texts() == ["d turn 0", "d turn 1", "d turn 2"]


def test_an_answer_in_between_does_not_make_the_customer_skip(stage: Stage) -> None:
    source = stage.demo([dialogue("d", "ccac")])
    stage.schedule.advance(1)

    stage.answer(source)
    stage.schedule.advance(60)
    stage.answer(source)
    stage.schedule.advance(60)

    assert stage.texts()[:3] == ["d turn 0", "d turn 1", "d turn 3"]


def test_agents_words_are_never_played(stage: Stage) -> None:
    stage.demo([dialogue("d", "aac")])

    stage.schedule.advance(1)

    assert stage.texts() == ["d turn 2"]


def test_longer_words_take_longer(stage: Stage) -> None:
    brief = Dialogue("brief", (Turn("customer", "Hi"), Turn("customer", "Yes")), "en")
    long = Dialogue("long", (Turn("customer", "Hi"), Turn("customer", "Yes, " * 30)), "en")

    for one in (brief, long):
        stage.demo([one])
    stage.schedule.advance(1)

    first, second = stage.schedule.delays[2:4]
    assert first < 4 < 8 < second


def test_seven_customers_at_once_in_both_languages(stage: Stage) -> None:
    dialogues = [dialogue(f"en{n}") for n in range(9)]
    dialogues += [dialogue(f"zh{n}", lang="zh") for n in range(9)]

    stage.demo(dialogues)
    stage.schedule.advance(120)

    assert len(stage.chats) == LIVE_CHATS
    assert {chat.lang for chat in stage.chats[:2]} == {"en", "zh"}
    starts = [chat.started_at for chat in stage.chats]
    assert all((b - a).total_seconds() >= 3 for a, b in itertools.pairwise(starts))


def test_another_chat_begins_when_one_is_over(stage: Stage) -> None:
    source = stage.demo([dialogue("one", "cac"), dialogue("two", "cac")])
    stage.schedule.advance(30)

    stage.answer(source)
    stage.schedule.advance(30)

    assert len(stage.chats) == 3
    assert len({chat.conversation_id for chat in stage.chats}) == 3


def test_twice_the_speed_takes_half_the_time(stage: Stage) -> None:
    slow, fast = Stage(), Stage()

    slow.demo([dialogue("d", "cc")], speed=1.0)
    fast.demo([dialogue("d", "cc")], speed=2.0)
    for one in (slow, fast):
        one.schedule.advance(60)

    assert [delay / 2 for delay in slow.schedule.delays[:2]] == fast.schedule.delays[:2]


def test_nothing_comes_after_stop(stage: Stage) -> None:
    source = stage.demo([dialogue("d", "cc")])
    stage.schedule.advance(1)

    source.stop()
    stage.schedule.advance(60)

    assert stage.texts() == ["d turn 0"]


def test_answer_to_a_chat_that_is_over_is_taken_without_complaint(stage: Stage) -> None:
    source = stage.demo([dialogue("d", "c")])
    stage.schedule.advance(1)

    stage.answer(source)

    assert stage.texts() == ["d turn 0"]


def stored(stage: Stage, *roles: str) -> Conversation:
    chat = Conversation("d#1", "Customer d", "en", NOON)
    for number, letter in enumerate(roles):
        role: Role = "customer" if letter == "c" else "agent"
        chat = chat.with_message(Message(str(number), "d#1", role, "said", stage.clock.now()))
    return chat


def test_chat_of_an_earlier_session_goes_on_where_it_was_left(stage: Stage) -> None:
    stage.demo([dialogue("d", "cacac")], continued=(stored(stage, "c", "a", "c", "a"),))

    stage.schedule.advance(10)

    assert stage.texts() == ["d turn 4"]
    assert stage.messages[0].conversation_id == "d#1"
    assert stage.chats == []


def test_chat_of_an_earlier_session_still_waits_for_its_answer(stage: Stage) -> None:
    source = stage.demo([dialogue("d", "cacac")], continued=(stored(stage, "c", "a", "c"),))
    stage.schedule.advance(60)
    before = stage.texts()

    stage.answer(source, "d#1")
    stage.schedule.advance(10)

    assert before == []
    assert stage.texts() == ["d turn 4"]


def test_chats_that_are_over_or_unknown_are_not_continued(stage: Stage) -> None:
    over = stored(stage, "c", "a", "c", "a", "c")
    unknown = Conversation("elsewhere", "Customer", "en", NOON)

    stage.demo([dialogue("d", "cac")], continued=(over, unknown))
    stage.schedule.advance(10)

    assert len(stage.chats) == 1


def test_languages_take_turns() -> None:
    dialogues = [dialogue(f"en{n}") for n in range(3)]
    dialogues += [dialogue(f"zh{n}", lang="zh") for n in range(2)]

    order = in_turn(dialogues, rng_seed=1)

    assert [one.lang for one in order] == ["en", "zh", "en", "zh", "en"]
    assert order == in_turn(dialogues, rng_seed=1)


def test_transcripts_are_played_once(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "chats.jsonl"
    turns = [{"role": "customer", "text": "Hello?"}]
    write_records(path, [{"id": "x", "turns": turns}, {"id": "x", "turns": turns}])
    source = TranscriptSource([path], stage.schedule, stage.clock.now)

    source.start(stage.chats.append, stage.messages.append)
    stage.schedule.advance(600)

    assert stage.texts() == ["Hello?", "Hello?"]
    assert stage.schedule.waiting == 0


def test_transcript_goes_on_with_the_answer(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "chats.jsonl"
    turns = [{"role": role, "text": role} for role in ("customer", "agent", "customer")]
    write_records(path, [{"turns": turns}])
    source = TranscriptSource([path], stage.schedule, stage.clock.now)
    source.start(stage.chats.append, stage.messages.append)
    stage.schedule.advance(1)

    stage.answer(source)
    stage.schedule.advance(10)
    source.stop()

    assert stage.texts() == ["customer", "customer"]


def test_transcript_that_cannot_be_read_is_told(stage: Stage, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="cannot be read"):
        TranscriptSource([tmp_path / "missing.jsonl"], stage.schedule, stage.clock.now)
