"""From a message to decisions, to a better model, to the engine that answers with it, and back."""

from __future__ import annotations

import shutil
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop_assistant.conversation import Conversation, Message, Turn
from desktop_assistant.decision import Correction, Decision, Outcome, Shown, classify, edit_distance
from desktop_assistant.inference.assembly import LocalEngine
from desktop_assistant.inference.registry import TASKS, Registry
from desktop_assistant.paths import UserPaths
from desktop_assistant.settings import Settings
from desktop_assistant.store.database import Store
from desktop_assistant.store.export import export_records
from desktop_assistant.training.arguments import DataFile, TrainingArguments
from desktop_assistant.training_example import read_dialogues, write_records
from desktop_assistant.ui.main_window import MainWindow
from desktop_assistant.ui.model_watch import ModelWatch
from tests.tiny_models import ANSWERS, MESSAGES, small_pack
from tests.ui.desk_room import DeskRoom

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from desktop_assistant.suggestion import Suggestions
    from tests.tiny_models import TinyReply, TinyUnderstanding

pytestmark = [pytest.mark.end_to_end, pytest.mark.training]

HOUSE_STYLE = ANSWERS[3][1]
"""What this team's agents say to everything, and the shipped decoder only to a greeting."""


class Workplace:
    """An installation with the tiny models shipped, and a database of its own."""

    def __init__(self, root: Path, *cards_of: TinyReply | TinyUnderstanding) -> None:
        self.root = root
        for tiny in cards_of:
            target = root / "shipped" / tiny.card.name / tiny.card.version
            shutil.copytree(tiny.card.folder, target)
        self.paths = UserPaths(root / "home")
        self.registry = Registry(root / "shipped", self.paths.models)

    def engine(self) -> LocalEngine:
        settings = Settings(agent_name="Kim", threads=1)
        return LocalEngine(self.registry, settings, self.paths, small_pack(), frozenset(TASKS), {})

    def export(self, format_: Any) -> Path:
        """What ``export`` writes, from the database as it lies on the disk."""
        path = self.root / f"{format_}.jsonl"
        store = Store(self.paths.database)
        write_records(path, export_records(store, format_))
        store.close()
        return path

    def train(self, task: str, data: Path, **options: Any) -> str:
        """Train on the active model, install and promote; returns the new model's label."""
        from desktop_assistant.training.commands import train

        active = self.registry.active("reply" if task == "reply" else "understanding")
        arguments = TrainingArguments(
            task=task,
            data=(DataFile(data),),
            out_dir=self.root / "training",
            validation_share=0.0,
            batch_size=8,
            extra={"name": active.name},
            **options,
        )
        report = train(arguments, self.registry)
        card = self.registry.import_model(report.card.folder)
        self.registry.promote(card.name, card.version)
        return card.label


@pytest.fixture
def workplace(
    tmp_path: Path, tiny_reply: TinyReply, tiny_understanding: TinyUnderstanding
) -> Workplace:
    return Workplace(tmp_path, tiny_reply, tiny_understanding)


class Agent:
    """Answers customers by the book: accepts, edits, rejects in turn; each is stored."""

    def __init__(self, engine: LocalEngine, store: Store) -> None:
        self._engine = engine
        self._store = store
        self._now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
        self._count = 0
        self.outcomes: list[Outcome] = []

    def answer(self, text: str, sends: str | None) -> Suggestions:
        """Suggest for a customer's message, and send ``sends``, or the first card as it is."""
        self._count += 1
        conversation = Conversation(f"chat-{self._count}", "Ada", "en", self._tick())
        asked = self._message(conversation, "customer", text)
        self._store.save_conversation(conversation.with_message(asked))
        analysis = self._engine.analyse(text)
        self._store.save_analysis(asked.message_id, analysis)
        found = self._engine.suggest((asked.turn,), {"customer_name": "Ada"})
        shown = [
            Shown(
                str(uuid.uuid4()), conversation.conversation_id, asked.message_id, "suggestion",
                card.kind, card.text, card.source, "tiny", card.score, place, self._tick(), 5.0,
            )
            for place, card in enumerate(found.suggestions)
        ]  # fmt: skip
        self._store.save_shown(*shown)
        sent = sends or shown[0].text
        decisions = [
            (one.shown_id, self._decision(one, sent, inserted=place == 0))
            for place, one in enumerate(shown)
        ]
        self.outcomes.append(decisions[0][1].outcome)
        self._store.send(self._message(conversation, "agent", sent), decisions)
        self._engine.add_history([(text, sent)])
        return found

    def correct(self, text: str, label: str) -> None:
        """Put a person's word against the model's for a message of its own."""
        self._count += 1
        conversation = Conversation(f"chat-{self._count}", "Ada", "en", self._tick())
        asked = self._message(conversation, "customer", text)
        self._store.save_conversation(conversation.with_message(asked))
        self._store.save_correction(
            Correction(asked.message_id, "intent", "greeting", label, "Kim", "tiny"), self._tick()
        )

    def _decision(self, shown: Shown, sent: str, *, inserted: bool) -> Decision:
        outcome = classify(shown.text, sent, inserted=inserted)
        return Decision(outcome, sent, edit_distance(shown.text, sent))

    def _message(self, conversation: Conversation, role: Any, text: str) -> Message:
        return Message(str(uuid.uuid4()), conversation.conversation_id, role, text, self._tick())

    def _tick(self) -> datetime:
        self._now += timedelta(seconds=5)
        return self._now


def generated_text(engine: LocalEngine, asked: str) -> tuple[str, str]:
    """Text and source of the reply that the decoder writes by itself."""
    found = engine.suggest((Turn("customer", asked),), {})
    card = next(s for s in found.suggestions if s.kind == "generated")
    return card.text, card.source


def test_what_agents_sent_becomes_what_the_next_model_suggests(workplace: Workplace) -> None:
    store = Store(workplace.paths.database)
    agent = Agent(workplace.engine(), store)
    # Has seen none of the replies, so that all it says comes from the model.
    engine = workplace.engine()
    before = generated_text(engine, ANSWERS[0][0])
    agent.answer(ANSWERS[0][0], None)
    edited = agent.answer(ANSWERS[2][0], "Your refund will be paid within five days, I promise.")
    for asked, _ in ANSWERS * 3:
        agent.answer(asked, HOUSE_STYLE)
    store.close()

    data = workplace.export("sft")
    label = workplace.train(
        "reply", data, max_steps=60, learning_rate=2e-2, lora_rank=16, lora_alpha=32
    )
    status = engine.reload("reply")

    after = generated_text(engine, ANSWERS[0][0])
    assert edited.suggestions
    assert agent.outcomes[0] == Outcome.ACCEPTED
    assert Outcome.EDITED in agent.outcomes
    assert Outcome.TYPED_OVER in agent.outcomes
    assert before == (ANSWERS[0][1], "tiny-reply@1.0.0")
    assert label == "tiny-reply@1.0.1"
    assert (status.version, status.problem) == ("1.0.1", "")
    assert after[1] == "tiny-reply@1.0.1"
    assert after[0] == HOUSE_STYLE
    workplace.registry.rollback("reply")
    assert engine.reload("reply").version == "1.0.0"
    assert generated_text(engine, ANSWERS[0][0]) == before


def test_corrections_become_the_intents_of_the_next_model(workplace: Workplace) -> None:
    store = Store(workplace.paths.database)
    engine = workplace.engine()
    agent = Agent(engine, store)
    for number in range(3):
        for text, intent, _ in MESSAGES:
            agent.correct(f"{text} {number}", "praise" if intent == "greeting" else intent)
    store.close()
    before = engine.analyse("Good morning 1")

    data = workplace.export("intent")
    label = workplace.train(
        "intent", data, max_steps=30, learning_rate=5e-3, head_learning_rate=1e-2, method="full"
    )
    engine.reload("understanding")

    after = engine.analyse("Good morning 1")
    assert before.intent == "greeting"
    assert after.model == label == "tiny-understanding@1.0.1"
    assert after.intent == "praise"
    assert {scored.label for scored in after.intents} == {
        "praise", "order_status", "refund_request", "out_of_scope",
    }  # fmt: skip


ALT = Qt.KeyboardModifier.AltModifier
CONTROL = Qt.KeyboardModifier.ControlModifier


class Shift:
    """An agent at the real window: the keyboard in front, the tiny models behind."""

    def __init__(self, qtbot: QtBot, workplace: Workplace) -> None:
        engine: Any = workplace.engine()
        self.qtbot = qtbot
        self.room = DeskRoom(qtbot, workplace.paths.database, Settings(agent_name="Kim"), engine)
        self.window = MainWindow(
            desk=self.room.desk,
            pack=small_pack(),
            settings=Settings(language="en", colour_scheme="light"),
            save_settings=lambda _: None,
        )
        qtbot.addWidget(self.window)
        with qtbot.waitExposed(self.window):
            self.window.show()
        self.window.activateWindow()
        workplace.paths.models.mkdir(parents=True, exist_ok=True)
        self.watch = ModelWatch(
            workplace.paths.models,
            self.room.desk._engine,
            self.room.desk.engine_status.emit,
            self.window,
        )

    def asked(self, text: str) -> list[str]:
        """A customer writes; returns what the cards say once all has settled."""
        # Replies are written once no key was pressed for a moment, by the clock of the room.
        self.room.clock.advance(1)
        if self.room.names("message_added"):
            self.room.source.write("c1", text)
            self.room.settle()
        else:
            self.room.chat("c1", text)
        self.room.wait(lambda: not self.window.assist._is_pending)
        # An agent who answers at once has not read the cards, and they count as too late.
        self.room.clock.advance(1)
        return self.room.cards()

    def take_first(self) -> str:
        QTest.keyClick(self.window, Qt.Key.Key_1, ALT)
        text: str = self.edit.toPlainText()
        return text

    def type(self, text: str) -> None:
        QTest.keyClicks(self.edit, text)

    def send(self) -> None:
        sent = len(self.room.names("sent"))
        QTest.keyClick(self.edit, Qt.Key.Key_Return, CONTROL)
        self.room.wait(lambda: len(self.room.names("sent")) > sent)

    @property
    def edit(self) -> Any:
        return self.window.chat.composer.edit

    def models(self) -> str:
        return self.window.status.models.accessibleName()

    def end(self) -> None:
        self.room.desk.shutdown()
        self.window.translations.remove()


@pytest.mark.gui
def test_the_running_window_answers_with_the_model_its_decisions_made(
    workplace: Workplace, qtbot: QtBot
) -> None:
    shift = Shift(qtbot, workplace)

    before = shift.asked(ANSWERS[0][0])
    accepted = shift.take_first()
    shift.send()
    shift.asked(ANSWERS[2][0])
    edited = shift.take_first()
    shift.type(" Promise!")
    shift.send()
    shift.asked("I want my money back")
    shift.type(HOUSE_STYLE)
    shift.send()
    outcomes = {decision.outcome for _, decision in shift.room.stored() if decision is not None}
    data = workplace.export("sft")
    workplace.train("reply", data, max_steps=10, learning_rate=2e-2, lora_rank=8, lora_alpha=16)
    qtbot.waitUntil(lambda: "1.0.1" in shift.models(), timeout=10_000)
    answered = shift.room.desk._engine
    sources: list[str] = []
    answered.ask(lambda engine, _: generated_text(engine, "Good morning")[1], sources.append)  # type: ignore[arg-type]
    qtbot.waitUntil(lambda: bool(sources), timeout=10_000)
    workplace.registry.rollback("reply")
    qtbot.waitUntil(lambda: "1.0.1" not in shift.models(), timeout=10_000)
    shift.end()

    sent = [dialogue.turns[-1].text for dialogue in read_dialogues(data)]
    assert before[0] == accepted
    redacted = edited.replace("Anna", "[PERSON_NAME_1]")
    assert sent == [accepted, f"{redacted} Promise!", HOUSE_STYLE]
    assert {Outcome.ACCEPTED, Outcome.EDITED, Outcome.IGNORED} <= outcomes
    assert sources == ["tiny-reply@1.0.1"]
