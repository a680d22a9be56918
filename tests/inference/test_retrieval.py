from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING

import numpy as np
import pytest

from desktop_assistant.analysis import LabelScore
from desktop_assistant.conversation import language_of
from desktop_assistant.inference.retrieval import (
    WORTH_WRITING,
    EmbeddingStore,
    Retrieval,
    stretched,
)
from desktop_assistant.training_example import FaqEntry
from tests.tiny_models import small_pack

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

WIDTH = 32
ABOUT_ORDERS = (LabelScore("order_status", 0.95), LabelScore("greeting", 0.05))
INFORM = (LabelScore("inform", 0.8), LabelScore("apologise", 0.2))


MANY = [f"text {number}" for number in range(WORTH_WRITING)]
"""Enough for the cache to be written."""


class HashEmbedder:
    """Gives each text a direction of its own, always the same; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked.extend(texts)
        return np.stack([direction(text) for text in texts])


def direction(text: str) -> NDArray[np.float32]:
    seed = int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:8], "big")
    vector = np.random.default_rng(seed).standard_normal(WIDTH).astype(np.float32)
    unit: NDArray[np.float32] = vector / np.linalg.norm(vector)
    return unit


@pytest.fixture
def retrieval() -> Retrieval:
    return Retrieval(small_pack(), EmbeddingStore(HashEmbedder(), (), "m"))


def test_vectors_are_computed_once_and_then_read_from_the_disk(tmp_path: Path) -> None:
    files = [tmp_path / "cache" / "vectors.npz"]
    first, second = HashEmbedder(), HashEmbedder()
    EmbeddingStore(first, files, "m").vectors([*MANY, MANY[0]])

    vectors = EmbeddingStore(second, files, "m").vectors([MANY[1], "three"])

    assert first.asked == MANY
    assert second.asked == ["three"]
    assert vectors[0] == pytest.approx(direction(MANY[1]), abs=1e-3)
    assert vectors[1] == pytest.approx(direction("three"))


def test_a_few_vectors_are_not_worth_a_write(tmp_path: Path) -> None:
    EmbeddingStore(HashEmbedder(), [tmp_path / "vectors.npz"], "m").vectors(MANY[1:])

    assert not (tmp_path / "vectors.npz").exists()


def test_vectors_of_another_model_are_not_used(tmp_path: Path) -> None:
    files = [tmp_path / "vectors.npz"]
    EmbeddingStore(HashEmbedder(), files, "old model").vectors(MANY)
    embed = HashEmbedder()

    EmbeddingStore(embed, files, "new model").vectors(MANY[:1])

    assert embed.asked == MANY[:1]


def test_a_damaged_cache_file_is_computed_anew_and_mended(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npz"
    EmbeddingStore(HashEmbedder(), [path], "m").vectors(MANY)
    whole = path.read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]

    for damaged in (flipped, b"", b"PK", whole[: len(whole) // 2], b"x" * 1000):
        path.write_bytes(damaged)
        embed = HashEmbedder()
        vectors = EmbeddingStore(embed, [path], "m").vectors(MANY)
        assert embed.asked == MANY or damaged is flipped
        assert vectors.shape == (len(MANY), WIDTH)

    mended = HashEmbedder()
    EmbeddingStore(mended, [path], "m").vectors(MANY)
    assert mended.asked == []


def test_a_cache_file_of_another_form_is_not_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "vectors.npz"
    np.savez(path, model=np.array("m"), keys=np.array(["a", "b"]), vectors=np.zeros(3))
    embed = HashEmbedder()

    with caplog.at_level(logging.WARNING):
        EmbeddingStore(embed, [path], "m").vectors(["one"])

    assert embed.asked == ["one"]
    assert "is not used" in caplog.text


def test_a_cache_that_would_run_code_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npz"
    objects = np.array([{"a": 1}], dtype=object)
    np.savez(path, model=np.array("m"), keys=objects, vectors=objects)
    embed = HashEmbedder()

    EmbeddingStore(embed, [path], "m").vectors(["one"])

    assert embed.asked == ["one"]


def test_a_cache_that_cannot_be_written_costs_no_answer(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    store = EmbeddingStore(HashEmbedder(), [tmp_path / "file" / "vectors.npz"], "m")

    assert store.vectors(MANY).shape == (len(MANY), WIDTH)


def test_a_shipped_file_is_read_and_never_written(tmp_path: Path) -> None:
    shipped, own = tmp_path / "shipped.npz", tmp_path / "own.npz"
    EmbeddingStore(HashEmbedder(), [shipped], "m").vectors(MANY)
    before = shipped.read_bytes()
    embed = HashEmbedder()
    more = [f"another {text}" for text in MANY]

    EmbeddingStore(embed, [shipped, own], "m").vectors([*MANY, *more])

    assert embed.asked == more
    assert shipped.read_bytes() == before
    assert own.exists()


@pytest.mark.parametrize(("lang", "word"), [("en", "order"), ("zh", "订单")])
def test_replies_are_in_the_language_of_the_customer(
    retrieval: Retrieval, lang: str, word: str
) -> None:
    question = "where" if lang == "en" else "在哪里"
    retrieval.add_history([(question, "It is here."), (question, "就在这里。")])

    found = retrieval.replies(direction(question), ABOUT_ORDERS, INFORM, lang, {})

    best = max(found, key=lambda suggestion: suggestion.score)
    assert {language_of(suggestion.text) for suggestion in found} == {lang}
    assert {"canned", "history"} <= {suggestion.kind for suggestion in found}
    assert any(word in suggestion.text for suggestion in found)
    assert all(0 <= suggestion.score <= 1 for suggestion in found)
    assert best.kind == "history"


def test_variables_are_filled_and_an_open_one_costs_a_little(retrieval: Retrieval) -> None:
    def best(values: dict[str, str]) -> tuple[str, float]:
        found = retrieval.replies(direction("x"), ABOUT_ORDERS, INFORM, "en", values)
        one = next(s for s in found if s.source == "en/status")
        return one.text, one.score

    open_text, open_score = best({})
    full_text, full_score = best({"order_id": "A-17"})

    assert open_text == "Your order {order_id} is on its way."
    assert full_text == "Your order A-17 is on its way."
    assert full_score > open_score


def test_a_reply_of_another_intent_is_left_out(retrieval: Retrieval) -> None:
    found = retrieval.replies(direction("x"), ABOUT_ORDERS, INFORM, "en", {})

    assert "en/refund" not in {suggestion.source for suggestion in found}


def test_knowledge_is_found_by_question_and_by_every_other_way_to_ask_it(
    retrieval: Retrieval,
) -> None:
    entry = FaqEntry(
        "Do you ship to the moon?", "Not yet.", "en", "en/moon", queries=("moon delivery", "去月球")
    )

    before = retrieval.search(direction("moon delivery"), 1)
    retrieval.add_knowledge([entry])

    assert before[0].answer != "Not yet."
    for asked in (entry.question, *entry.queries):
        hit = retrieval.search(direction(asked), 1)[0]
        assert (hit.answer, hit.source) == ("Not yet.", "en/moon")
        assert hit.score == pytest.approx(1.0, abs=1e-3)


def test_an_answer_is_listed_once_and_k_bounds_the_list(retrieval: Retrieval) -> None:
    retrieval.add_knowledge([FaqEntry("a", "Same.", "en", queries=("b", "c"))])

    everything = retrieval.search(direction("a"), 50)

    assert len([hit for hit in everything if hit.answer == "Same."]) == 1
    assert [hit.score for hit in retrieval.search(direction("a"), 2, "en")] == sorted(
        (hit.score for hit in everything[:2]), reverse=True
    )
    assert retrieval.search(direction("a"), 0) == []


def test_a_close_knowledge_answer_becomes_a_suggestion_unless_it_is_long(
    retrieval: Retrieval,
) -> None:
    retrieval.add_knowledge(
        [FaqEntry("short", "Two words.", "en"), FaqEntry("long", "Words. " * 100, "en")]
    )

    def knowledge(asked: str) -> list[str]:
        found = retrieval.replies(direction(asked), ABOUT_ORDERS, INFORM, "en", {})
        return [suggestion.text for suggestion in found if suggestion.kind == "knowledge"]

    assert knowledge("short") == ["Two words."]
    assert knowledge("long") == []


def test_the_nearest_of_100000_vectors_is_found() -> None:
    vectors = np.random.default_rng(3).standard_normal((100_000, WIDTH)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    texts = [f"q{number}" for number in range(len(vectors))]

    def embed(asked: Sequence[str]) -> NDArray[np.float32]:
        return vectors if len(asked) == len(vectors) else np.stack([direction(a) for a in asked])

    retrieval = Retrieval(small_pack(), EmbeddingStore(embed, (), "m"))
    retrieval.add_knowledge([FaqEntry(text, f"answer to {text}", "en") for text in texts])

    for number in (0, 12_345, 99_999):
        hits = retrieval.search(vectors[number], 3)
        assert hits[0].answer == f"answer to q{number}"
        assert hits[0].score == pytest.approx(1.0, abs=1e-3)


def test_an_empty_pack_has_nothing_to_find() -> None:
    from dataclasses import replace

    pack = replace(small_pack(), canned_replies=(), knowledge=())
    retrieval = Retrieval(pack, EmbeddingStore(HashEmbedder(), (), "m"))

    assert retrieval.search(direction("x"), 3) == []
    assert retrieval.replies(direction("x"), ABOUT_ORDERS, INFORM, "en", {}) == []


def test_texts_with_half_a_character_are_kept_apart_from_no_other() -> None:
    store = EmbeddingStore(HashEmbedder(), (), "m")

    assert store.vectors(["\ud800"]).shape == (1, WIDTH)


def test_similarities_are_stretched_to_0_to_1() -> None:
    assert stretched(0.2) == 0.0
    assert stretched(1.0) == 1.0
    assert 0 < stretched(0.85) < 1
