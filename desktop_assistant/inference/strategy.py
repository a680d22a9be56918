"""What to do next: y = M(intent, emotion), learnt by counting what the pack's agents did.

P(strategy | intent, mood) is estimated from the demo conversations (which strategy followed a
customer turn) with the canned replies as prior, add-one smoothed, and mixed over the intents by
their probabilities. It is a table of some thousand counts, so it is built anew at every start and
moves with the pack.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from desktop_assistant.analysis import LabelScore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from desktop_assistant.pack import Pack

REPLY_PRIOR = 0.5
"""Weight of a canned reply against a conversation in which an agent did the same."""


class StrategyTable:
    """Counts of strategies by intent and by mood; immutable after construction."""

    def __init__(self, pack: Pack) -> None:
        self._labels = tuple(pack.strategies)
        self._by_intent: dict[str, Counter[str]] = defaultdict(Counter)
        self._by_mood: dict[str, Counter[str]] = defaultdict(Counter)
        for dialogue in pack.demo:
            for turn, answer in zip(dialogue.turns, dialogue.turns[1:], strict=False):
                if turn.role == "customer" and answer.strategy:
                    self._by_intent[turn.intent or ""][answer.strategy] += 1
                    self._by_mood[turn.sentiment or ""][answer.strategy] += 1
        for reply in pack.canned_replies:
            for intent in reply.intents:
                self._by_intent[intent][reply.strategy] += REPLY_PRIOR  # type: ignore[assignment]

    def rank(
        self, intents: Sequence[LabelScore], sentiments: Mapping[str, float]
    ) -> tuple[LabelScore, ...]:
        """Strategies with probabilities, best first; empty where intent or mood is unknown."""
        if not intents or not sentiments:
            return ()
        scores = {
            label: self._mixed(self._by_intent, {i.label: i.score for i in intents}, label)
            * self._mixed(self._by_mood, sentiments, label)
            for label in self._labels
        }
        total = sum(scores.values())
        if total <= 0:
            # A model that is certain of something else leaves nothing for the known intents.
            return ()
        ranked = sorted(scores.items(), key=lambda item: -item[1])
        return tuple(LabelScore(label, score / total) for label, score in ranked)

    def _mixed(
        self, table: Mapping[str, Counter[str]], weights: Mapping[str, float], label: str
    ) -> float:
        return sum(
            weight * (table[name][label] + 1) / (sum(table[name].values()) + len(self._labels))
            if name in table
            else weight / len(self._labels)
            for name, weight in weights.items()
        )
