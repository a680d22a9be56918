"""The pack that ships: complete, and written, not generated."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import combinations

import pytest

from desktop_assistant.pack import LANGUAGE_FOLDERS, read_pack
from desktop_assistant.paths import pack_dir
from desktop_assistant.suggestion import open_variables
from desktop_assistant.training_example import SENTIMENTS, read_records

LANGUAGES = tuple(LANGUAGE_FOLDERS)
VARIABLES = {
    "customer_name", "agent_name", "order_number", "product", "amount", "date", "tracking_number",
    "address", "email", "shop_name", "carrier",
}  # fmt: skip
NEARLY_THE_SAME = 0.8
PACK = read_pack(pack_dir())


def messages_by_label(lang: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted((pack_dir() / LANGUAGE_FOLDERS[lang] / "utterances").glob("*.jsonl")):
        for record in read_records(path):
            assert record["sentiment"] in SENTIMENTS
            found[record["label"]].append(record["text"])
    return found


def trigrams(text: str) -> set[str]:
    plain = re.sub(r"\W+", " ", text.casefold()).strip()
    return {plain[i : i + 3] for i in range(max(len(plain) - 2, 1))}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_intent_has_enough_messages(lang: str) -> None:
    messages = messages_by_label(lang)

    assert set(messages) == set(PACK.intent_labels)
    assert min(map(len, messages.values())) >= 80


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_two_messages_of_an_intent_are_nearly_the_same(lang: str) -> None:
    pairs = 0
    for texts in messages_by_label(lang).values():
        long_ones = [trigrams(text) for text in texts if len(text) >= 12]
        for one, other in combinations(long_ones, 2):
            shared = len(one & other)
            pairs += shared > NEARLY_THE_SAME * (len(one) + len(other) - shared)

    assert pairs == 0


@pytest.mark.parametrize("lang", LANGUAGES)
def test_messages_of_an_intent_begin_in_many_ways(lang: str) -> None:
    for label, texts in messages_by_label(lang).items():
        openings = Counter(
            text.casefold().split()[0] if lang == "en" else text[:2] for text in texts
        )
        _, most = openings.most_common(1)[0]

        assert most <= 0.12 * len(texts), label


@pytest.mark.parametrize("lang", LANGUAGES)
def test_replies_articles_and_conversations_are_there(lang: str) -> None:
    replies = [reply for reply in PACK.canned_replies if reply.lang == lang]
    covered = Counter(intent for reply in replies for intent in reply.intents)
    chats = [chat for chat in PACK.demo if chat.lang == lang]

    assert len(replies) >= 150
    assert len({reply.reply_id for reply in replies}) == len(replies)
    assert all(covered[label] >= 3 for label in PACK.intent_labels)
    assert all(set(open_variables(reply.text)) <= VARIABLES for reply in replies)
    assert sum(entry.lang == lang for entry in PACK.knowledge) >= 60
    assert PACK.policies[lang].strip()
    assert len(chats) >= 30
    assert all(8 <= len(chat.turns) <= 16 for chat in chats)
    assert {turn.intent for chat in chats for turn in chat.turns} >= set(PACK.intent_labels)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_label_has_a_title_and_a_definition(lang: str) -> None:
    labels = PACK.labels[lang]

    assert set(labels) >= {*PACK.intent_labels, *PACK.strategies, *SENTIMENTS}
    assert all(label.title and label.definition for label in labels.values())
