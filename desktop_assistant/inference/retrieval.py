"""Search by meaning: exact cosine similarity over everything that can be said or looked up.

At 100,000 entries of width 384 one query costs a matrix-vector product of 38 million
multiplications, some 10 ms on two cores; no index structure is needed below that.
"""

from __future__ import annotations

import hashlib
import logging
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np

from desktop_assistant.conversation import language_of
from desktop_assistant.suggestion import (
    KnowledgeHit,
    Suggestion,
    fill_variables,
    open_variables,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from desktop_assistant.analysis import LabelScore
    from desktop_assistant.inference.registry import ModelCard
    from desktop_assistant.pack import CannedReply, Pack
    from desktop_assistant.training_example import FaqEntry

log = logging.getLogger(__name__)

VECTORS_FILE = "retrieval.npz"
"""Embeddings of the pack, made with the model and shipped beside it."""

SIMILARITY_FLOOR = 0.70
"""Cosine that unrelated short texts reach with e5 (its training temperature of 0.01 leaves all
cosines above it); similarities are stretched from here to 1 before they are weighed."""

CANNED_FLOOR = 0.25
KNOWLEDGE_SUGGESTION_FLOOR = 0.55
HISTORY_FLOOR = 0.6


def vectors_id(card: ModelCard) -> str:
    """Identifies the model that embeddings belong to: the graph's own SHA-256."""
    return card.files["model.onnx"]


WORTH_WRITING = 16
"""New vectors that are worth a write; the few of single sent replies are made again at a start."""


class EmbeddingStore:
    """Embeddings by text, kept on disk so that a start costs no forward pass.

    Args:
        embed: (texts) -> float32 (texts, width).
        files: ``.npz`` files to read from, the last of which is written to (if it can be).
        model: identifies the model; vectors of another one are not used.
    """

    def __init__(
        self,
        embed: Callable[[Sequence[str]], NDArray[np.float32]],
        files: Sequence[Path],
        model: str,
    ) -> None:
        self._embed = embed
        self._files = tuple(files)
        self._model = model
        self._known: dict[str, NDArray[np.float32]] = {}
        for path in self._files:
            self._read(path)

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embeddings of ``texts``, float32 (texts, width), computing only what is new."""
        keys = [hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:24] for text in texts]
        missing = {
            key: text for key, text in zip(keys, texts, strict=True) if key not in self._known
        }
        if missing:
            fresh = self._embed(list(missing.values()))
            self._known.update(zip(missing, fresh, strict=True))
            if len(missing) >= WORTH_WRITING:
                self._write()
        if not keys:
            return np.zeros((0, 1), dtype=np.float32)
        return np.stack([self._known[key] for key in keys])

    def save(self, path: Path) -> None:
        """Write all vectors, float16, to one file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new.npz")
        np.savez(
            fresh,
            model=np.array(self._model),
            keys=np.array(list(self._known)),
            vectors=np.stack(list(self._known.values())).astype(np.float16),
        )
        fresh.replace(path)

    def _read(self, path: Path) -> None:
        try:
            # numpy leaves a file open that it opened itself and cannot read.
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                if str(stored["model"]) != self._model:
                    return
                keys, vectors = stored["keys"].tolist(), stored["vectors"].astype(np.float32)
            if vectors.ndim != 2 or len(keys) != len(vectors):
                log.warning("embedding cache %s is not used: it has another form", path.name)
                return
            self._known.update(zip(keys, vectors, strict=True))
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile, zlib.error) as exc:
            log.warning("embedding cache %s is not used: %s", path.name, exc)

    def _write(self) -> None:
        if not self._files:
            return
        try:
            self.save(self._files[-1])
        except OSError as exc:
            log.warning("embedding cache cannot be written: %s", exc.strerror)


@dataclass(frozen=True, slots=True)
class _Shelf:
    """Vectors (entries, width) beside what they stand for."""

    vectors: NDArray[np.float32]
    size: int

    def similarities(self, query: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.vectors @ query if self.size else np.zeros(0, dtype=np.float32)

    def with_more(self, vectors: NDArray[np.float32]) -> _Shelf:
        """The shelf with more entries at its end."""
        if not len(vectors):
            return self
        if not self.size:
            return _Shelf(vectors, len(vectors))
        return _Shelf(np.concatenate([self.vectors, vectors]), self.size + len(vectors))


class Retrieval:
    """Canned replies, knowledge and the team's own replies, searched together."""

    def __init__(self, pack: Pack, store: EmbeddingStore) -> None:
        self._store = store
        self._replies = pack.canned_replies
        self._reply_shelf = self._shelf([_reply_text(reply) for reply in self._replies])
        self._knowledge: list[FaqEntry] = []
        self._knowledge_shelf = self._shelf([])
        self._history: list[tuple[str, str]] = []
        self._history_shelf = self._shelf([])
        self.add_knowledge(pack.knowledge)

    def add_knowledge(self, entries: Sequence[FaqEntry]) -> None:
        """Append entries; each is found by its question and by every other way to ask it."""
        asked = [replace(e, question=text) for e in entries for text in (e.question, *e.queries)]
        self._knowledge.extend(asked)
        self._knowledge_shelf = self._knowledge_shelf.with_more(
            self._store.vectors([entry.question for entry in asked])
        )

    def add_history(self, replies: Sequence[tuple[str, str]]) -> None:
        """Append (customer's message, agent's reply) pairs; the newest come last."""
        self._history.extend(replies)
        self._history_shelf = self._history_shelf.with_more(
            self._store.vectors([asked for asked, _ in replies])
        )

    def search(self, query: NDArray[np.float32], k: int, lang: str = "") -> list[KnowledgeHit]:
        """The ``k`` best knowledge entries; those of the query's language win ties of meaning."""
        scores = self._knowledge_shelf.similarities(query)
        bonus = np.array([0.03 * (entry.lang == lang) for entry in self._knowledge], np.float32)
        hits: list[KnowledgeHit] = []
        answers: set[str] = set()
        for index in np.argsort(-(scores + bonus)):
            if len(hits) >= k:
                break
            entry = self._knowledge[int(index)]
            if entry.answer in answers:
                continue
            answers.add(entry.answer)
            hits.append(
                KnowledgeHit(entry.question, entry.answer, float(scores[index]), entry.source)
            )
        return hits

    def replies(
        self,
        query: NDArray[np.float32],
        intents: Sequence[LabelScore],
        strategies: Sequence[LabelScore],
        lang: str,
        values: Mapping[str, str],
    ) -> list[Suggestion]:
        """Replies in the customer's language that fit, unsorted, with scores from 0 to 1."""
        probability = {scored.label: scored.score for scored in intents}
        preference = {scored.label: scored.score for scored in strategies}
        top_preference = max(preference.values(), default=1.0)
        similarities = self._reply_shelf.similarities(query)
        found = [
            Suggestion(
                text=fill_variables(reply.text, values),
                kind="canned",
                score=_canned_score(
                    sum(probability.get(intent, 0.0) for intent in reply.intents),
                    float(similarity),
                    preference.get(reply.strategy, 0.0) / top_preference,
                    len(_open_variables(reply, values)),
                ),
                source=f"{reply.lang}/{reply.reply_id}",
                title=reply.title,
            )
            for reply, similarity in zip(self._replies, similarities, strict=True)
            if reply.lang == lang
        ]
        kept = [s for s in found if s.score >= CANNED_FLOOR]
        return kept + self._from_history(query, lang) + self._from_knowledge(query, lang)

    def _from_history(self, query: NDArray[np.float32], lang: str) -> list[Suggestion]:
        scores = self._history_shelf.similarities(query)
        best = np.argsort(-scores)[:5]
        return [
            Suggestion(self._history[int(i)][1], "history", stretched(float(scores[i])), "history")
            for i in best
            if stretched(float(scores[i])) >= HISTORY_FLOOR
            and language_of(self._history[int(i)][1]) == lang
        ]

    def _from_knowledge(self, query: NDArray[np.float32], lang: str) -> list[Suggestion]:
        return [
            Suggestion(
                hit.answer, "knowledge", stretched(hit.score) * 0.9, hit.source, hit.question
            )
            for hit in self.search(query, 3, lang)
            if stretched(hit.score) >= KNOWLEDGE_SUGGESTION_FLOOR
            and language_of(hit.answer) == lang
            and len(hit.answer) <= MAX_REPLY_CHARS
        ]

    def _shelf(self, texts: Sequence[str]) -> _Shelf:
        return _Shelf(self._store.vectors(texts), len(texts))


MAX_REPLY_CHARS = 400
"""An article longer than this is looked up, not sent."""


def stretched(similarity: float) -> float:
    """Map a cosine from ``SIMILARITY_FLOOR``..1 to 0..1."""
    return min(1.0, max(0.0, (similarity - SIMILARITY_FLOOR) / (1 - SIMILARITY_FLOOR)))


def _canned_score(intent: float, similarity: float, preference: float, to_fill: int) -> float:
    # The intent decides what a reply is about, the strategy what it does, the similarity which of
    # several. A variable that the agent must fill costs a little, since it costs a key or two.
    score = 0.50 * min(intent, 1.0) + 0.22 * stretched(similarity) + 0.28 * preference
    gate = 1.0 if intent >= 0.1 else 0.5
    return max(0.0, gate * score - 0.04 * to_fill)


def _open_variables(reply: CannedReply, values: Mapping[str, str]) -> set[str]:
    return set(open_variables(reply.text)) - values.keys()


def _reply_text(reply: CannedReply) -> str:
    return f"{reply.title}. {reply.text}"
