from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from desktop_assistant.errors import ModelError
from desktop_assistant.inference.session import Session
from desktop_assistant.inference.understanding import Understanding, softmax
from tests.tiny_models import MESSAGES, SENTIMENTS, understanding_card

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tiny_models import TinyUnderstanding

pytestmark = pytest.mark.training


@pytest.mark.parametrize(("text", "intent", "mood"), MESSAGES)
def test_a_message_is_understood(
    understanding: Understanding, text: str, intent: str, mood: str
) -> None:
    reading = understanding.read(text)

    assert reading.intents[0].label == intent
    assert max(reading.sentiments, key=lambda label: reading.sentiments[label]) == mood


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "😡😡😡",
        "🧑‍🚀👩‍👩‍👧‍👦",
        "\u202eorder my is where\u202c",
        "أين طلبي؟",
        "\x00\x01\x02\x7f\x9f",
        "\ud800 half \udfff",
        "Where\u200bis\ufeffmy order",
        "�" * 100,
        "<s></s><pad>",
        "order " * 170_000,
        "退" * 300_000,
    ],
    ids=lambda text: f"{len(text)}-{text[:6]!a}",
)
def test_whatever_a_customer_writes_is_read(understanding: Understanding, text: str) -> None:
    reading = understanding.read(text)

    assert reading.embedding.dtype == np.float32
    assert np.linalg.norm(reading.embedding) == pytest.approx(1.0, abs=1e-3)
    assert sum(reading.sentiments.values()) == pytest.approx(1.0, abs=1e-4)
    assert set(reading.sentiments) == set(SENTIMENTS)
    scores = [scored.score for scored in reading.intents]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("text", ["", " ", "\x00", "\u202e\n"])
def test_a_text_in_which_nothing_can_be_seen_is_out_of_scope(
    understanding: Understanding, text: str
) -> None:
    best = understanding.read(text).intents[0]

    assert (best.label, best.score) == ("out_of_scope", 1.0)


def test_embeddings_of_many_texts_are_those_of_each(understanding: Understanding) -> None:
    texts = ["Where is my order?", "我要退款", "\ud800"]

    vectors = understanding.embed(texts)

    assert vectors.shape == (3, 64)
    assert vectors[1] == pytest.approx(understanding.read(texts[1]).embedding)
    assert understanding.embed([]).shape[0] == 0


def test_temperatures_of_the_language_soften_the_scores(
    tmp_path: Path, tiny_understanding: TinyUnderstanding
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_understanding.card.folder, folder)
    card = understanding_card(folder, calibration={"intent": {"en": 5.0}})
    softened = Understanding(card, Session(card))
    plain = Understanding(tiny_understanding.card, Session(tiny_understanding.card))

    english = [model.read("Good morning").intents[0].score for model in (softened, plain)]
    chinese = [model.read("我要退款").intents[0].score for model in (softened, plain)]

    assert english[0] < english[1]
    assert chinese[0] == pytest.approx(chinese[1])


def test_labels_that_do_not_fit_the_graph_are_refused(
    tmp_path: Path, tiny_understanding: TinyUnderstanding
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_understanding.card.folder, folder)
    card = understanding_card(
        folder, labels={"intent": ["one", "two"], "sentiment": list(SENTIMENTS)}
    )

    with pytest.raises(ModelError, match="other outputs than its card says"):
        Understanding(card, Session(card))


def test_a_head_without_labels_is_refused(
    tmp_path: Path, tiny_understanding: TinyUnderstanding
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_understanding.card.folder, folder)
    card = understanding_card(folder, labels={"sentiment": list(SENTIMENTS)})

    with pytest.raises(ModelError, match="labels of intent"):
        Understanding(card, Session(card))


def test_softmax_sums_to_one_at_any_temperature() -> None:
    logits = np.array([1000.0, 0.0, -1000.0], dtype=np.float32)

    hot, cold = softmax(logits, 100.0), softmax(logits, 0.1)

    assert hot.sum() == pytest.approx(1.0)
    assert cold.tolist() == [1.0, 0.0, 0.0]
