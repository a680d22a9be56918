"""A desk with a real store and real workers around a fake engine and chat platform."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from desktop_assistant.settings import Settings
from desktop_assistant.store.database import Store
from desktop_assistant.ui.background import Background, Courier
from desktop_assistant.ui.chat import read_chats
from desktop_assistant.ui.clock import Clock
from desktop_assistant.ui.desk import Desk
from desktop_assistant.worker import Worker
from tests.fakes import FakeChatSource, FakeClock, FakeEngine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from desktop_assistant.decision import Decision, Shown
    from desktop_assistant.inference.engine import Engine

SIGNALS = (
    "conversation_added",
    "message_added",
    "analysis_ready",
    "suggestions_ready",
    "suggestions_pending",
    "knowledge_ready",
    "completion_ready",
    "sent",
    "send_failed",
    "undelivered",
    "correction_saved",
    "notice",
    "engine_status",
    "selected",
)


class StubbornStore(Store):
    """Raises ``refuse_with`` instead of sending, while it is set."""

    refuse_with: Exception | None = None

    def send(self, *args: Any, **kwargs: Any) -> None:
        if self.refuse_with is not None:
            raise self.refuse_with
        super().send(*args, **kwargs)


@dataclass
class DeskRoom:
    """``heard`` holds the desk's signals as (name, *values), in order."""

    qtbot: QtBot
    database: Path
    settings: Settings = field(default_factory=lambda: Settings(agent_name="Kim"))
    engine: FakeEngine = field(default_factory=FakeEngine)
    clock: FakeClock = field(default_factory=FakeClock)
    heard: list[tuple[Any, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.source = FakeChatSource(self.clock)
        self.courier = Courier()
        made: list[StubbornStore] = []
        store_worker = Worker("store")

        def make() -> Store:
            made.append(StubbornStore(self.database))
            return made[0]

        self.store_room = Background(store_worker, make, self.courier, "store")
        engine_room: Background[Engine] = Background(
            Worker("engine"), lambda: self.engine, self.courier, "engine"
        )
        chats: list[Any] = []
        self.store_room.ask(lambda store, _: read_chats(store), chats.append)
        self.qtbot.waitUntil(lambda: bool(chats))
        self.store = made[0]
        self.desk = Desk(
            engine=engine_room,
            store=self.store_room,
            source=self.source,
            settings=self.settings,
            clock=Clock(self.clock.now, self.clock.seconds),
            chats=chats[0],
        )
        self.courier.stumbled.connect(self.desk.tell_stumble)
        for name in SIGNALS:
            self._listen(name)
        self.desk.start()
        self.wait(lambda: self.names("engine_status") != [])

    def _listen(self, name: str) -> None:
        def hear(*values: object) -> None:
            self.heard.append((name, *values))

        getattr(self.desk, name).connect(hear)

    def names(self, name: str) -> list[tuple[Any, ...]]:
        """The values of each emission of one signal."""
        return [values[1:] for values in self.heard if values[0] == name]

    def wait(self, condition: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(condition, timeout=5000)

    def settle(self) -> None:
        """Wait until both workers have answered all that was asked, and what follows from it."""
        for _ in range(3):
            done: list[None] = []
            self.store_room.ask(lambda _, __: None, done.append)
            self.desk._engine.ask(lambda _, __: None, done.append, priority=9)
            self._wait_for_two(done)

    def _wait_for_two(self, done: list[None]) -> None:
        self.wait(lambda: len(done) == 2)

    def chat(self, conversation_id: str = "c1", text: str = "Where is my parcel?") -> str:
        """A customer opens a chat that the agent looks at, and writes; returns the message id."""
        self.source.open_chat(conversation_id)
        self.desk.select(conversation_id)
        message = self.source.write(conversation_id, text)
        self.settle()
        return message.message_id

    def type(self, text: str, conversation_id: str = "c1") -> None:
        self.desk.draft_changed(conversation_id, text, caret_at_end=True)

    def reply(self, text: str, conversation_id: str = "c1") -> None:
        """Send, and wait until it is sent or refused."""
        before = len(self.names("sent")) + len(self.names("send_failed"))
        self.desk.send(conversation_id, text)
        self.wait(lambda: len(self.names("sent")) + len(self.names("send_failed")) > before)

    def cards(self) -> list[str]:
        """The texts of the cards of the newest suggestions_ready."""
        _, suggestions = self.names("suggestions_ready")[-1]
        return [suggestion.text for suggestion in suggestions.suggestions]

    def stored(self, conversation_id: str = "c1") -> list[tuple[Shown, Decision | None]]:
        """What the store holds of what was shown, read on its own thread."""
        found: list[Any] = []
        self.store_room.ask(lambda store, _: store.decisions(conversation_id), found.append)
        self.wait(lambda: bool(found))
        rows: list[tuple[Shown, Decision | None]] = found[0]
        return rows

    def outcomes(self, conversation_id: str = "c1") -> dict[str, str]:
        """Outcome by shown text; "open" for what is not decided."""
        return {
            shown.text: decision.outcome.value if decision else "open"
            for shown, decision in self.stored(conversation_id)
        }

    def close(self) -> None:
        self.engine.release()
        self.desk.shutdown()
