"""Stand-ins that answer from a script and remember what they were asked."""

from __future__ import annotations

import heapq
import itertools
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from desktop_assistant.analysis import Analysis, Entity, LabelScore
from desktop_assistant.completion import Completion, CompletionKind, NoCompletion
from desktop_assistant.conversation import Conversation, Message, language_of
from desktop_assistant.inference.engine import EngineStatus, ModelStatus, never
from desktop_assistant.suggestion import KnowledgeHit, NoSuggestion, Suggestion, Suggestions, rank

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from desktop_assistant.conversation import Language, Turn
    from desktop_assistant.errors import AssistantError
    from desktop_assistant.training_example import FaqEntry

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class FakeClock:
    """A clock that stands still until ``advance``."""

    def __init__(self, start: datetime = NOON) -> None:
        self._start = start
        self._elapsed_s = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed_s)

    def seconds(self) -> float:
        return self._elapsed_s

    def advance(self, seconds: float) -> None:
        self._elapsed_s += seconds


class FakeSchedule:
    """Runs callbacks when ``advance`` passes their time; call it like ``schedule(delay, call)``."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._order = itertools.count()
        self._waiting: list[tuple[float, int, Callable[[], None]]] = []
        self.delays: list[float] = []

    def __call__(self, delay_s: float, callback: Callable[[], None]) -> None:
        self.delays.append(delay_s)
        due = self._clock.seconds() + delay_s
        heapq.heappush(self._waiting, (due, next(self._order), callback))

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def advance(self, seconds: float) -> None:
        """Let time pass, running what falls due at its own moment, in order."""
        end = self._clock.seconds() + seconds
        while self._waiting and self._waiting[0][0] <= end:
            due, _, callback = heapq.heappop(self._waiting)
            self._clock.advance(due - self._clock.seconds())
            callback()
        self._clock.advance(end - self._clock.seconds())


@dataclass
class FakeEngine:
    """An engine with scripted answers; see ``inference.engine.Engine``.

    ``calls`` holds (method, what it was asked about). ``fail_with`` maps a method's name to what
    it raises. While a method's name is in ``held``, its calls wait until ``release``; a cancelled
    call returns at once, as the real one does.
    """

    intent: str = "track_order"
    entities: tuple[Entity, ...] = ()
    sentiments: dict[str, float] = field(
        default_factory=lambda: {"negative": 0.7, "neutral": 0.2, "positive": 0.1}
    )
    retrieved: tuple[Suggestion, ...] = ()
    generated: tuple[Suggestion, ...] = ()
    completions: dict[str, str] = field(default_factory=dict)
    hits: list[KnowledgeHit] = field(default_factory=list)
    fail_with: dict[str, Exception] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    threads: set[str] = field(default_factory=set)
    values: list[dict[str, str]] = field(default_factory=list)
    knowledge: list[FaqEntry] = field(default_factory=list)
    history: list[tuple[str, str]] = field(default_factory=list)
    held: set[str] = field(default_factory=set)
    _tick: threading.Event = field(default_factory=threading.Event)

    @property
    def status(self) -> EngineStatus:
        return EngineStatus("CPU", "", (ModelStatus("understanding", "fake", "1", "CPU"),))

    def asked(self, method: str) -> list[str]:
        """What ``method`` was asked about, in order."""
        return [about for name, about in self.calls if name == method]

    def release(self) -> None:
        """Let the held calls go on."""
        self.held.clear()

    def analyse(self, text: str, turns: Sequence[Turn] = ()) -> Analysis:
        self._enter("analyse", text, never)
        return Analysis(
            lang=language_of(text),
            intents=(LabelScore(self.intent, 0.9), LabelScore("get_refund", 0.05)),
            sentiments=self.sentiments,
            model="fake@1",
            entities=self.entities,
        )

    def suggest_retrieved(self, turns: Sequence[Turn], values: Mapping[str, str]) -> Suggestions:
        self._enter("suggest_retrieved", turns[-1].text, never)
        self.values.append(dict(values))
        return _suggestions(self.retrieved)

    def suggest(
        self,
        turns: Sequence[Turn],
        values: Mapping[str, str],
        draft: str = "",
        is_cancelled: Callable[[], bool] = never,
    ) -> Suggestions:
        self._enter("suggest", turns[-1].text, is_cancelled)
        return _suggestions(tuple(rank([*self.generated, *self.retrieved])))

    def complete(
        self,
        conversation_id: str,
        turns: Sequence[Turn],
        draft: str,
        is_cancelled: Callable[[], bool] = never,
    ) -> Completion:
        self._enter("complete", draft, is_cancelled)
        text = self.completions.get(draft, "")
        if not text:
            return Completion.none(NoCompletion.UNSURE)
        return Completion(text, CompletionKind.PHRASE, source="fake", score=0.8)

    def search(self, query: str, k: int = 5) -> list[KnowledgeHit]:
        self._enter("search", query, never)
        return self.hits[:k]

    def add_knowledge(self, entries: Sequence[FaqEntry]) -> None:
        self.knowledge.extend(entries)

    def add_history(self, replies: Sequence[tuple[str, str]]) -> None:
        self.history.extend(replies)

    def reload(self, task: str) -> ModelStatus:
        self._enter("reload", task, never)
        return ModelStatus(task, "fake", "1", "CPU")

    def take_up_active(self) -> EngineStatus:
        self._enter("take_up_active", "", never)
        return self.status

    def _enter(self, method: str, about: str, is_cancelled: Callable[[], bool]) -> None:
        self.calls.append((method, about))
        self.threads.add(threading.current_thread().name)
        if method in self.fail_with:
            raise self.fail_with[method]
        while method in self.held and not is_cancelled():
            self._tick.wait(0.002)


class FakeChatSource:
    """A chat platform played by the test."""

    name = "fake"

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)
        self._on_conversation: list[Callable[[Conversation], None]] = []
        self._on_message: list[Callable[[Message], None]] = []
        self.delivered: list[Message] = []
        self.refuse_with: AssistantError | None = None
        self.is_stopped = False

    @property
    def is_started(self) -> bool:
        return bool(self._on_message)

    def start(
        self,
        on_conversation: Callable[[Conversation], None],
        on_message: Callable[[Message], None],
    ) -> None:
        self._on_conversation.append(on_conversation)
        self._on_message.append(on_message)

    def send(self, message: Message) -> None:
        if self.refuse_with is not None:
            raise self.refuse_with
        self.delivered.append(message)

    def stop(self) -> None:
        self.is_stopped = True

    def open_chat(
        self, conversation_id: str, customer_name: str = "Anna", lang: Language = "en"
    ) -> Conversation:
        """A customer opens the chat."""
        chat = Conversation(conversation_id, customer_name, lang, self._clock.now())
        for announce in self._on_conversation:
            announce(chat)
        return chat

    def write(self, conversation_id: str, text: str) -> Message:
        """The customer of an open chat writes."""
        number = next(self._numbers)
        message_id = f"{conversation_id}/{number}"
        message = Message(message_id, conversation_id, "customer", text, self._clock.now())
        for announce in self._on_message:
            announce(message)
        return message


def reply(text: str, score: float = 0.8, source: str = "canned/1") -> Suggestion:
    """A suggestion from the canned replies."""
    return Suggestion(text, "canned", score, source)


def written(text: str, score: float = 0.6) -> Suggestion:
    """A suggestion from the model."""
    return Suggestion(text, "generated", score, "fake-reply@1")


def _suggestions(found: tuple[Suggestion, ...]) -> Suggestions:
    return Suggestions(found, None if found else NoSuggestion.NOTHING_FITS)
