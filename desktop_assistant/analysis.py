"""What the assistant understood of a message: labels with calibrated scores, never certainties."""

from __future__ import annotations

from dataclasses import dataclass, field

OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True, slots=True)
class LabelScore:
    """A label and its calibrated probability, 0 to 1."""

    label: str
    score: float


@dataclass(frozen=True, slots=True)
class Entity:
    """A span of the text; ``start`` and ``end`` count Unicode code points."""

    start: int
    end: int
    type: str
    text: str


@dataclass(frozen=True, slots=True)
class Analysis:
    """What one customer message means.

    ``intents`` and ``strategies`` are sorted, best first. ``sentiments`` maps negative, neutral
    and positive to probabilities that sum to 1. ``evidence`` names what the labels rest on, for
    a person to read. ``latency_ms`` is the time inside the engine.
    """

    lang: str
    intents: tuple[LabelScore, ...]
    sentiments: dict[str, float]
    model: str
    entities: tuple[Entity, ...] = ()
    strategies: tuple[LabelScore, ...] = ()
    evidence: tuple[str, ...] = ()
    latency_ms: float = field(default=0.0, compare=False)

    @property
    def intent(self) -> str:
        """The best label, or ``out_of_scope`` when there is none."""
        return self.intents[0].label if self.intents else OUT_OF_SCOPE

    @property
    def sentiment(self) -> str:
        """The most probable of negative, neutral and positive."""
        return max(self.sentiments, key=lambda label: self.sentiments[label])

    @property
    def mood(self) -> float:
        """Where the message stands between -1 (negative) and 1 (positive)."""
        return self.sentiments.get("positive", 0.0) - self.sentiments.get("negative", 0.0)
