from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from desktop_assistant.decision import Decision, Outcome
from desktop_assistant.store.export import (
    _CONTEXT,
    _LABELS,
    _REPLIES,
    MAX_CONTEXT_MESSAGES,
    WRITTEN,
    ExportFormat,
    export_records,
    leave_unredacted,
)
from desktop_assistant.training_example import (
    read_dialogues,
    read_intents,
    read_sentiments,
    write_records,
)
from tests.store import sample_values as sample

if TYPE_CHECKING:
    from pathlib import Path

    from desktop_assistant.store.database import Store

ASKED = sample.message(1, "customer", "Ada here, 13812345678. Where is NW-1234?")
REPLIED = sample.message(2, "agent", "NW-1234 is on its way, Ada.")
THANKED = sample.message(3, "customer", "thanks")


@pytest.fixture
def chat(store: Store) -> Store:
    store.save_conversation(replace(sample.conversation(), messages=(ASKED,)))
    store.save_analysis(ASKED.message_id, sample.analysis("track_order", "negative"))
    store.save_shown(*(sample.shown(f"s{number}") for number in range(3)))
    return store


def exported(store: Store, kind: ExportFormat, **options: Any) -> list[dict[str, Any]]:
    return list(export_records(store, kind, **options))


def test_sent_reply_is_exported_with_its_context_and_redacted(chat: Store) -> None:
    chat.send(REPLIED, [("s0", sample.decision(Outcome.EDITED))])

    (record,) = exported(chat, "sft")

    assert record["messages"][0]["role"] == "system"
    assert record["messages"][1:] == [
        {
            "role": "user",
            "content": "[PERSON_NAME_1] here, [PHONE_1]. Where is [ORDER_NUMBER_1]?",
        },
        {"role": "assistant", "content": "[ORDER_NUMBER_1] is on its way, [PERSON_NAME_1]."},
    ]
    assert record["id"] == REPLIED.message_id
    assert record["conversation"] == "c1"
    assert (record["lang"], record["outcome"]) == ("en", "edited")


def test_nothing_is_redacted_when_the_caller_says_so(chat: Store) -> None:
    chat.send(REPLIED)

    (record,) = exported(chat, "sft", redact=leave_unredacted)

    assert [turn["content"] for turn in record["messages"][1:]] == [ASKED.text, REPLIED.text]


def test_chinese_reply_is_marked_as_chinese(chat: Store) -> None:
    chat.send(replace(REPLIED, text="您的包裹已经在路上了。"))

    (record,) = exported(chat, "sft")

    assert record["lang"] == "zh"
    assert "中文" in record["messages"][0]["content"]


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([], WRITTEN),
        ([Outcome.IGNORED, Outcome.IGNORED], "ignored"),
        ([Outcome.IGNORED, Outcome.ACCEPTED], "accepted"),
        ([Outcome.TYPED_OVER, Outcome.IGNORED], "typed_over"),
        ([Outcome.ACCEPTED_IN_PART], "accepted_in_part"),
        ([Outcome.TOO_LATE, Outcome.DISMISSED, Outcome.IGNORED], "dismissed"),
    ],
)
def test_outcome_is_that_of_the_suggestion_that_mattered_most(
    chat: Store, outcomes: list[Outcome], expected: str
) -> None:
    decided = [(f"s{number}", Decision(outcome)) for number, outcome in enumerate(outcomes)]
    chat.send(REPLIED, decided)

    (record,) = exported(chat, "sft")

    assert record["outcome"] == expected


def test_greeting_before_the_customers_first_word_is_left_out(store: Store) -> None:
    store.save_conversation(sample.conversation())
    store.send(sample.message(0, "agent", "Welcome!"))

    assert exported(store, "sft") == []


def test_context_of_a_long_chat_is_bounded(store: Store) -> None:
    said = [
        sample.message(number, "agent" if number % 2 else "customer", f"turn {number}")
        for number in range(60)
    ]
    store.save_conversation(replace(sample.conversation(), messages=tuple(said)))

    longest = max(exported(store, "sft"), key=lambda record: len(record["messages"]))

    assert len(longest["messages"]) == MAX_CONTEXT_MESSAGES + 2


def test_other_conversations_are_no_context(chat: Store) -> None:
    chat.save_conversation(sample.conversation("c2", "Bea"))
    chat.save_message(sample.message(1, "customer", "hello", "c2"))
    chat.send(sample.message(2, "agent", "Hello Bea", "c2"))

    (record,) = exported(chat, "sft", redact=leave_unredacted)

    assert [turn["content"] for turn in record["messages"][1:]] == ["hello", "Hello Bea"]


def test_since_leaves_out_older_messages(chat: Store) -> None:
    chat.send(REPLIED)
    later = replace(REPLIED, message_id="c1-m9", sent_at=REPLIED.sent_at + timedelta(days=1))
    chat.send(later)

    records = exported(chat, "sft", since=later.sent_at)

    assert [record["id"] for record in records] == ["c1-m9"]


def test_approved_only_exports_what_a_supervisor_approved(chat: Store) -> None:
    chat.send(REPLIED)
    chat.send(sample.message(4, "agent", "Anything else?"))
    chat.approve("reply", REPLIED.message_id, "", "Sue", sample.START)

    records = exported(chat, "sft", approved_only=True)

    assert [record["id"] for record in records] == [REPLIED.message_id]


def test_newest_correction_is_the_label(chat: Store) -> None:
    chat.save_correction(sample.correction("get_refund", by="Bo"), sample.START)
    chat.save_correction(
        sample.correction("delivery_problem", by="Cy"), sample.START + timedelta(hours=2)
    )
    chat.save_correction(sample.correction("complaint", by="Bo"), sample.START + timedelta(hours=1))

    assert exported(chat, "intent") == [
        {
            "text": "[PERSON_NAME_1] here, [PHONE_1]. Where is [ORDER_NUMBER_1]?",
            "label": "delivery_problem",
            "lang": "en",
            "source": "correction",
            "dialogue": "c1",
        }
    ]
    assert exported(chat, "sentiment") == []


def test_label_that_a_person_confirmed_is_exported_as_confirmed(chat: Store) -> None:
    chat.save_correction(sample.correction("negative", target="sentiment"), sample.START)

    (record,) = exported(chat, "sentiment")

    assert (record["label"], record["source"]) == ("negative", "confirmed")


def test_label_that_nobody_looked_at_is_not_exported(chat: Store) -> None:
    chat.save_message(THANKED)

    assert exported(chat, "intent") == []
    assert exported(chat, "sentiment") == []


def test_models_own_label_is_exported_once_approved(chat: Store) -> None:
    chat.approve("intent", ASKED.message_id, "track_order", "Sue", sample.START)

    (record,) = exported(chat, "intent", approved_only=True)

    assert (record["label"], record["source"]) == ("track_order", "confirmed")
    assert exported(chat, "sentiment") == []


def test_approval_does_not_cover_a_later_label(chat: Store) -> None:
    chat.approve("intent", ASKED.message_id, "track_order", "Sue", sample.START)
    chat.save_correction(sample.correction("complaint"), sample.START + timedelta(hours=1))

    assert exported(chat, "intent", approved_only=True) == []
    assert [record["label"] for record in exported(chat, "intent")] == ["complaint"]


def test_since_counts_when_a_label_was_given(chat: Store) -> None:
    chat.save_correction(sample.correction("complaint"), sample.START + timedelta(days=2))

    assert exported(chat, "intent", since=sample.START + timedelta(days=3)) == []
    assert len(exported(chat, "intent", since=sample.START + timedelta(days=1))) == 1


def test_sentiment_that_no_training_knows_is_left_out(chat: Store) -> None:
    chat.save_correction(sample.correction("furious", target="sentiment"), sample.START)

    assert exported(chat, "sentiment") == []


def test_ids_that_are_phone_numbers_do_not_leave(store: Store) -> None:
    conversation = sample.conversation("13812345678")
    store.save_conversation(conversation)
    store.save_message(sample.message(1, "customer", "hi", "13812345678"))
    store.send(sample.message(2, "agent", "hello", "13812345678"))
    store.send(sample.message(3, "agent", "how can I help?", "13812345678"))

    records = exported(store, "sft")

    assert "13812345678" not in json.dumps(records)
    assert len({record["conversation"] for record in records}) == 1
    assert len({record["id"] for record in records}) == 2


def test_training_reads_what_was_exported(chat: Store, tmp_path: Path) -> None:
    chat.send(REPLIED, [("s0", sample.decision())])
    chat.save_correction(sample.correction("complaint"), sample.START)
    chat.save_correction(sample.correction("neutral", target="sentiment"), sample.START)
    files = {}
    for kind in ("sft", "intent", "sentiment"):
        files[kind] = tmp_path / f"{kind}.jsonl.gz"
        write_records(files[kind], export_records(chat, kind))

    (dialogue,) = read_dialogues(files["sft"])
    (intent,) = read_intents(files["intent"])
    (sentiment,) = read_sentiments(files["sentiment"])

    assert [turn.role for turn in dialogue.turns] == ["customer", "agent"]
    assert (intent.label, intent.group) == ("complaint", "c1")
    assert (sentiment.label, sentiment.group) == ("neutral", "c1")


def test_the_same_database_gives_the_same_bytes(chat: Store, tmp_path: Path) -> None:
    for number in range(20):
        chat.send(sample.message(10 + number, "agent", f"reply {number}"))

    for name in ("one", "two"):
        write_records(tmp_path / name, export_records(chat, "sft"))

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("query", [_REPLIES, _LABELS, _CONTEXT])
def test_export_sorts_nothing_in_memory(store: Store, query: str) -> None:
    values = ["c1", 1, 1][: query.count("?") if "?1" not in query else 1]

    plan = [row[3] for row in store.connection.rows(f"EXPLAIN QUERY PLAN {query}", *values)]

    assert not any("TEMP B-TREE" in step for step in plan)


def test_store_can_be_written_to_between_two_records(chat: Store) -> None:
    chat.send(REPLIED)
    chat.send(sample.message(4, "agent", "Anything else?"))
    records = export_records(chat, "sft")

    next(records)
    chat.save_draft("c1", "still typing")
    rest = list(records)

    assert len(rest) == 1
    assert chat.drafts() == {"c1": "still typing"}
