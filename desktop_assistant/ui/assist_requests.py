"""Asks the engine about customers' messages, the newest first, and stays out of the typist's way.

Analysis and retrieved replies are quick and asked for at once. Generated replies take the engine
for half a second and more, so only one is under way at a time, for the conversation on show
before the others; a key press or a new message stops it, and it starts again when the
keys have rested.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal, Slot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from desktop_assistant.analysis import Analysis
    from desktop_assistant.conversation import Conversation, Message
    from desktop_assistant.errors import AssistantError
    from desktop_assistant.inference.engine import Engine
    from desktop_assistant.suggestion import Suggestions
    from desktop_assistant.training_example import FaqEntry
    from desktop_assistant.ui.background import Background
    from desktop_assistant.ui.clock import Clock
    from desktop_assistant.worker import CancelToken

Item = TypeVar("Item")

QUIET_AFTER_MS = 300
"""The typist rests when no key was pressed for so long."""

PRIORITY_NEWEST = 0
PRIORITY_WHILE_TYPING = 2
PRIORITY_GENERATION = 3
PRIORITY_LEARNING = 4
"""Completions are asked for with 1, the default of ``Background.ask``."""

GENERATION_LANE = "generate"
LEARNING_BATCH = 8
"""Each entry costs a look of some 10 ms, and a batch cannot be interrupted."""


@dataclass(frozen=True, slots=True)
class _Question:
    conversation: Conversation
    message_id: str
    values: Mapping[str, str]


class AssistRequests(QObject):
    """The answers come as signals: (conversation id, message id, value)."""

    analysed = Signal(str, str, object)
    not_analysed = Signal(str, str)
    retrieved = Signal(str, str, object)
    generated = Signal(str, str, object)
    not_generated = Signal(str, str)
    found = Signal(str, list)
    failed = Signal(object)

    def __init__(
        self, engine: Background[Engine], clock: Clock, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._engine = engine
        self._clock = clock
        self._last_key_s = float("-inf")
        self._on_show = ""
        self._backlog: dict[str, _Question] = {}
        self._running: _Question | None = None
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(QUIET_AFTER_MS + 10)
        self._quiet.timeout.connect(self._generate_next)

    def show(self, conversation_id: str) -> None:
        """The agent looks at this conversation now, which is served first."""
        self._on_show = conversation_id
        wanted = self._backlog.get(conversation_id)
        if wanted is not None and wanted is not self._running:
            self._interrupt()
        self._generate_next()

    def key_pressed(self) -> None:
        """The agent types: completions go first until the keys rest."""
        self._last_key_s = self._clock.seconds()
        self._interrupt()
        self._quiet.start()

    def analyse(self, conversation: Conversation, message: Message) -> None:
        """Understand a customer's message; ``analysed`` or ``not_analysed`` follows."""
        self._interrupt()
        before = conversation.messages.index(message) if message in conversation.messages else 0
        turns = tuple(earlier.turn for earlier in conversation.messages[:before])
        text, ids = message.text, (conversation.conversation_id, message.message_id)
        self._engine.ask(
            lambda engine, _: engine.analyse(text, turns),
            partial(self._on_analysed, ids),
            partial(self._on_not_analysed, ids),
            priority=self._priority,
        )

    def suggest(
        self, conversation: Conversation, message_id: str, values: Mapping[str, str]
    ) -> None:
        """Answer the newest customer message: ``retrieved``, then ``generated``.

        ``not_generated`` comes in place of the second where it failed. A newer message of the
        conversation takes the place of this one.
        """
        conversation_id, turns = conversation.conversation_id, conversation.turns
        self._interrupt()
        self._backlog[conversation_id] = _Question(conversation, message_id, dict(values))
        self._engine.ask(
            lambda engine, _: engine.suggest_retrieved(turns, values),
            partial(self._on_retrieved, conversation_id, message_id),
            self._on_retrieval_failed,
            lane=f"retrieve/{conversation_id}",
            priority=self._priority,
        )

    def drop(self, conversation_id: str) -> None:
        """The message is answered, or the conversation closed: no replies are wanted."""
        dropped = self._backlog.pop(conversation_id, None)
        self._engine.cancel(f"retrieve/{conversation_id}")
        if dropped is not None and dropped is self._running:
            self._interrupt()
        self._generate_next()

    def search(self, conversation_id: str, query: str) -> None:
        """Look something up; ``found`` follows."""
        self._engine.ask(
            lambda engine, _: engine.search(query),
            partial(self.found.emit, conversation_id),
            self.failed.emit,
            lane="search",
            priority=self._priority,
        )

    def learn(
        self, knowledge: Sequence[FaqEntry] = (), replies: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Give the engine knowledge and sent replies, whenever it has nothing better to do."""
        for entries in _batches(knowledge):
            self._teach(partial(_add_knowledge, entries))
        for pairs in _batches(replies):
            self._teach(partial(_add_history, pairs))

    def _teach(self, teach: Callable[[Engine, CancelToken], None]) -> None:
        self._engine.ask(teach, on_failed=self.failed.emit, priority=PRIORITY_LEARNING)

    @property
    def _is_quiet(self) -> bool:
        return (self._clock.seconds() - self._last_key_s) * 1000 >= QUIET_AFTER_MS

    @property
    def _priority(self) -> int:
        return PRIORITY_NEWEST if self._is_quiet else PRIORITY_WHILE_TYPING

    def _interrupt(self) -> None:
        """Stop generating; what was under way stays in the backlog and starts again later."""
        if self._running is not None:
            self._running = None
            self._engine.cancel(GENERATION_LANE)

    def _on_analysed(self, ids: tuple[str, str], analysis: Analysis) -> None:
        self.analysed.emit(*ids, analysis)
        self._generate_next()

    def _on_not_analysed(self, ids: tuple[str, str], exc: AssistantError) -> None:
        self.failed.emit(exc)
        self.not_analysed.emit(*ids)
        self._generate_next()

    def _on_retrieved(self, conversation_id: str, message_id: str, found: Suggestions) -> None:
        self.retrieved.emit(conversation_id, message_id, found)
        self._generate_next()

    def _on_retrieval_failed(self, exc: AssistantError) -> None:
        self.failed.emit(exc)
        self._generate_next()

    @Slot()
    def _generate_next(self) -> None:
        if self._running is not None or not self._backlog:
            return
        if not self._is_quiet:
            self._quiet.start()
            return
        on_show = self._backlog.get(self._on_show)
        question = on_show or next(iter(self._backlog.values()))
        turns, values = question.conversation.turns, question.values
        self._running = question
        self._engine.ask(
            lambda engine, token: engine.suggest(turns, values, "", token),
            partial(self._on_generated, question),
            partial(self._on_not_generated, question),
            lane=GENERATION_LANE,
            priority=PRIORITY_GENERATION,
        )

    def _on_generated(self, question: _Question, suggestions: Suggestions) -> None:
        if self._is_over(question):
            conversation_id = question.conversation.conversation_id
            self.generated.emit(conversation_id, question.message_id, suggestions)
        self._generate_next()

    def _on_not_generated(self, question: _Question, exc: AssistantError) -> None:
        self.failed.emit(exc)
        if self._is_over(question):
            self.not_generated.emit(question.conversation.conversation_id, question.message_id)
        self._generate_next()

    def _is_over(self, question: _Question) -> bool:
        """Strike the question off; False if a newer one has taken its place."""
        self._running = None
        conversation_id = question.conversation.conversation_id
        if self._backlog.get(conversation_id) is not question:
            return False
        del self._backlog[conversation_id]
        return True


def _add_knowledge(entries: Sequence[FaqEntry], engine: Engine, _: CancelToken) -> None:
    engine.add_knowledge(entries)


def _add_history(replies: Sequence[tuple[str, str]], engine: Engine, _: CancelToken) -> None:
    engine.add_history(replies)


def _batches(items: Sequence[Item]) -> list[Sequence[Item]]:
    return [items[at : at + LEARNING_BATCH] for at in range(0, len(items), LEARNING_BATCH)]
