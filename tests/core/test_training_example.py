from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desktop_assistant.conversation import Turn
from desktop_assistant.errors import RecordError
from desktop_assistant.training_example import (
    Dialogue,
    FaqEntry,
    IntentExample,
    SentimentExample,
    parse_dialogue,
    parse_faq,
    parse_intent,
    parse_sentiment,
    read_dialogues,
    read_faq,
    read_intents,
    read_sentiments,
    write_records,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def test_intent_puts_its_main_label_first() -> None:
    record = {"text": "hi", "label": "greeting", "labels": ["thanks", "greeting"], "dialogue": "7"}

    example = parse_intent(record)

    assert example == IntentExample("hi", ("greeting", "thanks"), "en", group="7")
    assert example.label == "greeting"


def test_language_is_told_from_the_text_where_it_is_missing() -> None:
    assert parse_intent({"text": "我的包裹呢", "label": "track_order"}).lang == "zh"
    assert parse_sentiment({"text": "bad", "label": "negative"}).lang == "en"
    assert parse_faq({"question": "多久到货？", "answer": "两天。"}).lang == "zh"
    assert parse_intent({"text": "hi", "label": "greeting", "lang": "zh"}).lang == "zh"


def test_unknown_keys_are_ignored() -> None:
    record = {"text": "fine", "label": "neutral", "stars": 3}

    assert parse_sentiment(record) == SentimentExample("fine", "neutral", "en")


def test_dialogue_is_read_in_both_notations() -> None:
    turns = [{"role": "customer", "text": "hi"}, {"role": "agent", "text": "hello"}]
    chat = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "hello"},
    ]

    read = [
        parse_dialogue({"id": "1", "turns": turns}),
        parse_dialogue({"id": 1, "messages": chat}),
    ]

    said = (Turn("customer", "hi"), Turn("agent", "hello"))
    assert read == [
        Dialogue("1", said, "en", group="1"),
        Dialogue("1", said, "en", group="1", is_single_reply=True),
    ]


def test_labels_of_turns_are_kept() -> None:
    turn = {"role": "customer", "text": "hi", "intent": "greeting", "sentiment": 3}

    assert parse_dialogue({"turns": [turn]}).turns == (Turn("customer", "hi", "greeting"),)


@pytest.mark.parametrize(
    ("parse", "record", "complaint"),
    [
        (parse_intent, {"label": "x"}, "text is missing"),
        (parse_intent, {"text": "x", "label": 3}, "label is missing or not a string"),
        (parse_intent, {"text": "x", "label": "y", "turns": 3}, "turns must be a list"),
        (parse_sentiment, {"text": "x", "label": "angry"}, "must be one of negative"),
        (parse_dialogue, {}, "turns must be a list"),
        (parse_dialogue, {"turns": []}, "missing or empty"),
        (parse_dialogue, {"turns": [{"role": "bot", "text": "x"}]}, r"turns\[0\] needs a role"),
        (parse_dialogue, {"turns": ["x"]}, r"turns\[0\] needs a role"),
        (parse_dialogue, {"messages": [{"role": "user"}]}, r"turns\[0\] needs a role"),
        (parse_dialogue, {"messages": [{"role": "system", "content": "x"}]}, "empty"),
        (parse_faq, {"question": "x"}, "answer is missing"),
    ],
)
def test_wrong_record_says_what_is_wrong(
    parse: Callable[[dict[str, Any]], object], record: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(RecordError, match=complaint):
        parse(record)


@pytest.mark.parametrize(
    "line", ["{", "[1]", '"text"', '{"text": 1}', '{"text": "x"}', "[" * 20_000]
)
def test_wrong_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "intents.jsonl"
    path.write_text('{"text": "x", "label": "y"}\n\n' + line, "utf-8")

    with pytest.raises(RecordError, match=r"intents\.jsonl, line 3"):
        read_intents(path)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"nowhere\.jsonl cannot be read"):
        read_sentiments(tmp_path / "nowhere.jsonl")


@pytest.mark.parametrize("content", [b"not gzip", gzip.compress(b'{"text": "x"}' * 99)[:-9]])
def test_broken_archive_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "faq.jsonl.gz"
    path.write_bytes(content)

    with pytest.raises(RecordError, match=r"faq\.jsonl\.gz"):
        read_faq(path)


@pytest.mark.parametrize(("name", "called"), [("d.jsonl", "d/1"), ("d.jsonl.gz", "d.jsonl/1")])
def test_dialogues_without_id_are_called_after_file_and_line(
    tmp_path: Path, name: str, called: str
) -> None:
    turn = {"role": "customer", "text": "hi"}

    count = write_records(tmp_path / name, [{"turns": [turn]}, {"id": "x", "turns": [turn]}])

    assert count == 2
    assert [dialogue.dialogue_id for dialogue in read_dialogues(tmp_path / name)] == [called, "x"]


def test_plain_file_holds_nothing_but_its_lines(tmp_path: Path) -> None:
    write_records(tmp_path / "d.jsonl", [{"text": "你好"}])

    assert (tmp_path / "d.jsonl").read_bytes() == '{"text": "你好"}\n'.encode()


def test_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    records = [{"text": "你好", "label": "greeting"}] * 3

    for name in ("one.jsonl.gz", "two.jsonl.gz"):
        write_records(tmp_path / name, records)

    assert (tmp_path / "one.jsonl.gz").read_bytes() == (tmp_path / "two.jsonl.gz").read_bytes()


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=WORDS, answer=WORDS, queries=st.lists(WORDS, max_size=3))
def test_any_entry_comes_back_from_a_file(
    tmp_path: Path, question: str, answer: str, queries: list[str]
) -> None:
    path = tmp_path / "faq.jsonl"
    record = {"question": question, "answer": answer, "queries": queries, "lang": "en"}

    write_records(path, [record])

    assert read_faq(path) == [FaqEntry(question, answer, "en", "", tuple(queries))]
