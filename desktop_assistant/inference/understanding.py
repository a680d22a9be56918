"""Logits to labels: the understanding model at work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from desktop_assistant.analysis import OUT_OF_SCOPE, LabelScore
from desktop_assistant.conversation import language_of, visible_text
from desktop_assistant.errors import ModelError
from desktop_assistant.inference.tokenizer import encode_batch, load_tokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from desktop_assistant.inference.registry import ModelCard
    from desktop_assistant.inference.session import Session

INTENT = "intent"
SENTIMENT = "sentiment"
MAIN_HEADS = (INTENT, SENTIMENT)
"""Heads that are part of an exported understanding model."""

MAX_TOKENS = 128
PAD_TOKEN = 1


def query_text(text: str) -> str:
    """A text as multilingual-e5 wants to read it (Wang et al. 2024, section 3)."""
    return f"query: {text}"


def softmax(logits: NDArray[np.float32], temperature: float = 1.0) -> NDArray[np.float32]:
    """Probabilities along the last axis, at a temperature above 0 (Guo et al. 2017)."""
    scaled = logits / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Reading:
    """One text as the model reads it.

    ``embedding`` is float32 (width,), length 1; ``intents`` is sorted, best first; a text
    without a letter or digit is out of scope. ``sentiments`` sums to 1.
    """

    embedding: NDArray[np.float32]
    intents: tuple[LabelScore, ...]
    sentiments: dict[str, float]


class Understanding:
    """The encoder with its heads. Used on the engine's thread only.

    Raises: ModelError if a file is missing, damaged or foreign.
    """

    def __init__(self, card: ModelCard, session: Session) -> None:
        self.card = card
        self.session = session
        self._tokenizer = load_tokenizer(card)
        for head in MAIN_HEADS:
            if f"{head}_logits" in card.outputs and not card.labels.get(head):
                message = f"The card of {card.label} does not name the labels of {head}."
                raise ModelError(message)
        self._check_outputs()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Sentence embeddings, float32 (texts, width), each of length 1."""
        if not texts:
            return np.zeros((0, 0), dtype=np.float32)
        return np.concatenate([self._run([visible_text(text)])["embedding"] for text in texts])

    def read(self, text: str) -> Reading:
        """Understand one text; works for any text, the empty one included."""
        text = visible_text(text)
        outputs = self._run([text])
        lang = language_of(text)
        intents = self._scores(INTENT, outputs, lang)
        if not any(char.isalnum() for char in text):
            intents = tuple(LabelScore(i.label, float(i.label == OUT_OF_SCOPE)) for i in intents)
        return Reading(
            embedding=outputs["embedding"][0],
            intents=tuple(sorted(intents, key=lambda scored: -scored.score)),
            sentiments={s.label: s.score for s in self._scores(SENTIMENT, outputs, lang)},
        )

    def logits(self, text: str) -> dict[str, NDArray[np.float32]]:
        """Uncalibrated outputs for one text, without the batch axis."""
        return {name: values[0] for name, values in self._run([visible_text(text)]).items()}

    def _check_outputs(self) -> None:
        """Run once, so that a foreign graph is refused here and not in front of a customer."""
        outputs = self._run([""])
        labels = self.card.labels
        expected = {f"{h}_logits": len(labels.get(h, ())) for h in MAIN_HEADS}
        expected = {name: count for name, count in expected.items() if name in self.card.outputs}
        found = {name: values.shape[-1] for name, values in outputs.items() if name in expected}
        if found != expected or outputs.get("embedding", np.zeros(0)).ndim != 2:
            message = f"The model {self.card.label} gives other outputs than its card says."
            raise ModelError(message)

    def _run(self, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        feeds = encode_batch(
            self._tokenizer, [query_text(text) for text in texts], MAX_TOKENS, PAD_TOKEN
        )
        return self.session.run(feeds)

    def _scores(
        self, head: str, outputs: dict[str, NDArray[np.float32]], lang: str
    ) -> tuple[LabelScore, ...]:
        labels = self.card.labels.get(head, ())
        if not labels:
            return ()
        temperature = self.card.calibration.get(head, {}).get(lang, 1.0)
        scores = softmax(outputs[f"{head}_logits"][0], temperature)
        return tuple(
            LabelScore(label, float(score)) for label, score in zip(labels, scores, strict=True)
        )
