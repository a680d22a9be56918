"""Builds the engine from what is installed. What cannot be used is said, and the rest works on."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from desktop_assistant.analysis import OUT_OF_SCOPE, Analysis, Entity
from desktop_assistant.completion import Completion, NoCompletion
from desktop_assistant.conversation import MAX_MESSAGE_CHARS, language_of, visible_text
from desktop_assistant.errors import ModelError
from desktop_assistant.inference.completer import Completer, PhraseIndex
from desktop_assistant.inference.decoder import Decoder
from desktop_assistant.inference.engine import EngineStatus, ModelStatus, never
from desktop_assistant.inference.providers import provider_report
from desktop_assistant.inference.registry import TASKS, Registry
from desktop_assistant.inference.reply_search import filling_values, replies_for
from desktop_assistant.inference.reply_writer import is_sane, write_reply
from desktop_assistant.inference.retrieval import (
    VECTORS_FILE,
    EmbeddingStore,
    Retrieval,
    vectors_id,
)
from desktop_assistant.inference.session import Session
from desktop_assistant.inference.strategy import StrategyTable
from desktop_assistant.inference.understanding import Reading, Understanding
from desktop_assistant.pack import read_pack
from desktop_assistant.paths import models_dir, pack_dir
from desktop_assistant.redaction import redact
from desktop_assistant.suggestion import (
    NoSuggestion,
    Suggestion,
    Suggestions,
    rank,
    with_one_written,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from desktop_assistant.conversation import Turn
    from desktop_assistant.inference.providers import ProviderReport
    from desktop_assistant.inference.registry import ModelCard
    from desktop_assistant.pack import Pack
    from desktop_assistant.paths import UserPaths
    from desktop_assistant.settings import Settings
    from desktop_assistant.suggestion import KnowledgeHit
    from desktop_assistant.training_example import FaqEntry

log = logging.getLogger(__name__)

Model = TypeVar("Model")

GENERATED_REPLIES = 2
KEPT_READINGS = 64
SMALL_TALK_GROUP = "dialogue"
"""The group of a pack's intents that carry a chat along and say nothing of what it is about."""

UNKNOWN_SENTIMENTS = {"negative": 0.0, "neutral": 1.0, "positive": 0.0}


def open_engine(
    settings: Settings,
    paths: UserPaths,
    *,
    pack: Pack | None = None,
    tasks: frozenset[str] = frozenset(TASKS),
    models: Mapping[str, str] | None = None,
) -> LocalEngine:
    """Load the active models, or those that ``models`` names ({task: "NAME[@VERSION]"}).

    Called on the engine's thread. A model that cannot be used becomes a ``problem`` in the
    engine's status, and the engine does without it.

    Raises: PackError if the domain pack cannot be read.
    """
    return LocalEngine(
        Registry(models_dir(), paths.models),
        settings,
        paths,
        pack or read_pack(pack_dir(settings.pack)),
        tasks,
        dict(models or {}),
    )


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The models at work; replaced as a whole when one is reloaded."""

    understanding: Understanding | None
    decoder: Decoder | None
    retrieval: Retrieval | None
    completer: Completer
    problems: dict[str, str]


class LocalEngine:
    """The engine on this machine's models. See ``engine.Engine`` for what each call promises."""

    def __init__(
        self,
        registry: Registry,
        settings: Settings,
        paths: UserPaths,
        pack: Pack,
        tasks: frozenset[str],
        models: dict[str, str],
    ) -> None:
        self._registry = registry
        self._settings = settings
        self._paths = paths
        self._pack = pack
        self._tasks = tasks
        self._models = models
        self._report: ProviderReport = provider_report(settings.provider)
        self._strategies = StrategyTable(pack)
        self._knowledge: list[FaqEntry] = []
        self._history: list[tuple[str, str]] = []
        self._readings: dict[str, Reading] = {}
        self._phrases = PhraseIndex(
            [reply.text for reply in pack.canned_replies]
            + [turn.text for chat in pack.demo for turn in chat.turns if turn.role == "agent"]
        )
        self._loaded = self._load()

    @property
    def pack(self) -> Pack:
        return self._pack

    @property
    def decoder(self) -> Decoder | None:
        """The decoder, for evaluation; None where there is none."""
        return self._loaded.decoder

    @property
    def understanding(self) -> Understanding | None:
        """The encoder, for evaluation and indexing; None where there is none."""
        return self._loaded.understanding

    @property
    def status(self) -> EngineStatus:
        loaded = self._loaded
        working = [m for m in (loaded.understanding, loaded.decoder) if m is not None]
        providers = [model.session.provider for model in working]
        notes = [model.session.fallback_note for model in working]
        return EngineStatus(
            provider="CUDA" if any("CUDA" in name for name in providers) else "CPU",
            provider_note=next((note for note in notes if note), self._report.note),
            models=tuple(self._model_status(task) for task in TASKS if task in self._tasks),
        )

    def analyse(self, text: str, turns: Sequence[Turn] = ()) -> Analysis:  # noqa: ARG002
        started = time.perf_counter()
        reading = self._read(text)
        lang = language_of(visible_text(text))
        found = self._loaded.understanding
        intents = reading.intents if reading else ()
        sentiments = _sentiments(reading)
        known = [scored for scored in intents if scored.label != OUT_OF_SCOPE]
        return Analysis(
            lang=lang,
            intents=intents,
            sentiments=sentiments,
            model=found.card.label if found else "",
            entities=_entities(text),
            strategies=self._strategies.rank(known, sentiments),
            latency_ms=_since(started),
        )

    def suggest_retrieved(self, turns: Sequence[Turn], values: Mapping[str, str]) -> Suggestions:
        started = time.perf_counter()
        if not _waits_for_answer(turns):
            return Suggestions((), NoSuggestion.NOTHING_TO_ANSWER, _since(started))
        if self._loaded.retrieval is None and self._loaded.decoder is None:
            return Suggestions((), NoSuggestion.NO_MODEL, _since(started))
        found = rank(self._retrieved(turns, values), self._settings.suggestions)
        reason = None if found else NoSuggestion.NOTHING_FITS
        return Suggestions(tuple(found), reason, _since(started))

    def suggest(
        self,
        turns: Sequence[Turn],
        values: Mapping[str, str],
        draft: str = "",
        is_cancelled: Callable[[], bool] = never,
    ) -> Suggestions:
        started = time.perf_counter()
        decoder = self._loaded.decoder
        if (
            not _waits_for_answer(turns)
            or decoder is None
            or language_of(turns[-1].text) not in decoder.languages
        ):
            return self.suggest_retrieved(turns, values)
        generated = self._generated(decoder, turns, language_of(turns[-1].text), is_cancelled)
        if is_cancelled():
            return Suggestions((), NoSuggestion.CANCELLED, _since(started))
        fitting = [s for s in generated if not draft or s.text.startswith(draft.strip())]
        found = with_one_written(
            self._retrieved(turns, values), fitting, self._settings.suggestions
        )
        reason = None if found else NoSuggestion.NOTHING_FITS
        return Suggestions(tuple(found), reason, _since(started))

    def complete(
        self,
        conversation_id: str,
        turns: Sequence[Turn],
        draft: str,
        is_cancelled: Callable[[], bool] = never,
    ) -> Completion:
        started = time.perf_counter()
        if is_cancelled():
            return Completion.none(NoCompletion.CANCELLED)
        values = {"agent_name": self._settings.agent_name} if self._settings.agent_name else {}
        answer = self._loaded.completer.complete(
            _cache_key(turns, conversation_id), turns, draft, values, is_cancelled
        )
        return replace(answer, latency_ms=_since(started))

    def search(self, query: str, k: int = 5) -> list[KnowledgeHit]:
        reading = self._read(query)
        if reading is None or self._loaded.retrieval is None or not query.strip():
            return []
        return self._loaded.retrieval.search(reading.embedding, k, language_of(query))

    def add_knowledge(self, entries: Sequence[FaqEntry]) -> None:
        self._knowledge.extend(entries)
        if self._loaded.retrieval is not None and entries:
            self._loaded.retrieval.add_knowledge(entries)

    def add_history(self, replies: Sequence[tuple[str, str]]) -> None:
        self._history.extend(replies)
        if self._loaded.retrieval is not None and replies:
            self._loaded.retrieval.add_history(replies)
        self._loaded.completer.learn(reply for _, reply in replies)

    def reload(self, task: str) -> ModelStatus:
        self._models.pop(task, None)
        self._readings.clear()
        self._loaded = self._load()
        return self._model_status(task)

    def take_up_active(self) -> EngineStatus:
        loaded = self._loaded
        running = {
            model.card.task: model.card.label
            for model in (loaded.understanding, loaded.decoder)
            if model is not None
        }
        if any(self._active_label(task) != running.get(task) for task in self._tasks):
            self._models.clear()
            self._readings.clear()
            self._loaded = self._load()
        return self.status

    def _active_label(self, task: str) -> str | None:
        try:
            return self._card(task).label
        except ModelError:
            return None

    def _load(self) -> _Loaded:
        problems: dict[str, str] = {}
        understanding = self._try("understanding", Understanding, problems)
        decoder = self._try("reply", Decoder, problems)
        retrieval = None
        if understanding is not None:
            files = [
                understanding.card.folder / VECTORS_FILE,
                self._paths.cache / f"vectors-{understanding.card.version}.npz",
            ]
            shipped = files[:1] if VECTORS_FILE in understanding.card.files else []
            store = EmbeddingStore(
                understanding.embed, [*shipped, files[1]], vectors_id(understanding.card)
            )
            retrieval = Retrieval(self._pack, store)
            retrieval.add_knowledge(self._knowledge)
            retrieval.add_history(self._history)
        completer = Completer(decoder, self._phrases.with_sent(reply for _, reply in self._history))
        return _Loaded(understanding, decoder, retrieval, completer, problems)

    def _try(
        self,
        task: str,
        build: Callable[[ModelCard, Session], Model],
        problems: dict[str, str],
    ) -> Model | None:
        if task not in self._tasks:
            return None
        try:
            card = self._card(task)
            session = Session(card, self._report.usable, self._settings.threads)
            return build(card, session)
        except ModelError as exc:
            log.warning("no model for %s: %s", task, exc)
            problems[task] = str(exc)
            return None

    def _card(self, task: str) -> ModelCard:
        chosen = self._models.get(task)
        card = self._registry.find(chosen) if chosen else self._registry.active(task)
        if card.task != task:
            message = f"{card.label} is a model for {card.task}, not for {task}."
            raise ModelError(message)
        return card

    def _model_status(self, task: str) -> ModelStatus:
        loaded = self._loaded
        model = {"understanding": loaded.understanding, "reply": loaded.decoder}[task]
        if model is None:
            return ModelStatus(task, "", "", "", loaded.problems.get(task, ""))
        card = model.card
        return ModelStatus(task, card.name, card.version, model.session.provider)

    def _read(self, text: str) -> Reading | None:
        if self._loaded.understanding is None:
            return None
        reading = self._readings.get(text)
        if reading is None:
            reading = self._loaded.understanding.read(text)
            # The same message is analysed, answered and searched for in turn, and read again
            # while it is what the conversation is about.
            if len(self._readings) >= KEPT_READINGS:
                self._readings.clear()
            self._readings[text] = reading
        return reading

    def _retrieved(self, turns: Sequence[Turn], values: Mapping[str, str]) -> list[Suggestion]:
        if self._loaded.retrieval is None:
            return []
        return replies_for(
            turns,
            self._loaded.retrieval,
            self._read,
            lambda reading: self._strategies.rank(reading.intents, _sentiments(reading)),
            frozenset(self._pack.intents.get(SMALL_TALK_GROUP, ())),
            filling_values(
                turns, self._pack.variables.get(language_of(turns[-1].text), {}), values
            ),
        )

    def _generated(
        self,
        decoder: Decoder,
        turns: Sequence[Turn],
        lang: str,
        is_cancelled: Callable[[], bool],
    ) -> list[Suggestion]:
        found: list[Suggestion] = []
        tried: set[int] = set()
        for _ in range(GENERATED_REPLIES):
            answer = write_reply(
                decoder, _cache_key(turns), turns, lang, is_cancelled, frozenset(tried)
            )
            if answer is None:
                break
            reply, first_token = answer
            tried.add(first_token)
            if is_sane(reply, turns):
                found.append(
                    Suggestion(reply.text, "generated", reply.confidence, decoder.card.label)
                )
        return found


def _waits_for_answer(turns: Sequence[Turn]) -> bool:
    return bool(turns) and turns[-1].role == "customer" and bool(visible_text(turns[-1].text))


def _sentiments(reading: Reading | None) -> dict[str, float]:
    return reading.sentiments if reading and reading.sentiments else UNKNOWN_SENTIMENTS


def _cache_key(turns: Sequence[Turn], otherwise: str = "") -> str:
    """What names a conversation's warm cache: how it began.

    Suggesting fills the cache that completing then only rewinds. Two chats that begin alike share
    one, which costs time and nothing else: what does not match is computed anew.
    """
    return turns[0].text if turns else otherwise


def _entities(text: str) -> tuple[Entity, ...]:
    text = text[:MAX_MESSAGE_CHARS]
    _, spans = redact(text)
    return tuple(Entity(s.start, s.end, s.type, text[s.start : s.end]) for s in spans)


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
