from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from desktop_assistant.errors import PackError
from desktop_assistant.pack import read_articles, read_pack
from desktop_assistant.paths import pack_dir

if TYPE_CHECKING:
    from pathlib import Path


def write_pack(folder: Path) -> Path:
    """A small pack in English only."""
    english = folder / "en"
    (english / "knowledge").mkdir(parents=True)
    taxonomy = {
        "name": "clinic",
        "intents": {"visits": ["book_visit", "cancel_visit"]},
        "strategies": {"inform": "Say what is so"},
    }
    reply = {
        "id": "book",
        "title": "Booking",
        "intents": ["book_visit"],
        "strategy": "inform",
        "text": "Come at {time}.",
    }
    demo = {"id": "d1", "lang": "en", "turns": [{"role": "customer", "text": "Hello"}]}
    label = {"title": "Book a visit", "definition": "wants to come"}
    (folder / "taxonomy.json").write_text(json.dumps(taxonomy))
    (english / "labels.json").write_text(json.dumps({"book_visit": label}))
    (english / "canned_replies.jsonl").write_text(json.dumps(reply) + "\n\n")
    (english / "knowledge" / "hours.md").write_text(
        "# Hours\n\n## When are you open?\n\nAt nine.\n"
    )
    (english / "policy.md").write_text("Be calm.")
    (english / "demo.jsonl").write_text(json.dumps(demo) + "\n")
    return folder


def test_a_pack_is_read_with_all_its_parts(tmp_path: Path) -> None:
    pack = read_pack(write_pack(tmp_path))

    assert pack.name == "clinic"
    assert pack.intent_labels == ("book_visit", "cancel_visit")
    assert pack.canned_replies[0].reply_id == "book"
    assert pack.canned_replies[0].lang == "en"
    assert pack.knowledge[0].question == "When are you open?"
    assert pack.knowledge[0].source == "en/hours"
    assert pack.policies == {"en": "Be calm."}
    assert pack.demo[0].dialogue_id == "d1"


def test_titles_fall_back_to_the_label(tmp_path: Path) -> None:
    pack = read_pack(write_pack(tmp_path))

    assert pack.title("book_visit", "en") == "Book a visit"
    assert pack.title("cancel_visit", "en") == "cancel visit"
    assert pack.title("book_visit", "zh") == "book visit"


@pytest.mark.parametrize(
    "name",
    [
        "taxonomy.json",
        "en/labels.json",
        "en/canned_replies.jsonl",
        "en/policy.md",
        "en/demo.jsonl",
    ],
)
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    folder = write_pack(tmp_path)
    (folder / name).unlink()

    with pytest.raises(PackError, match=name.rsplit("/", 1)[-1]):
        read_pack(folder)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("taxonomy.json", "{"),
        ("taxonomy.json", "[]"),
        ("taxonomy.json", '{"name": "x"}'),
        ("taxonomy.json", '{"name": "x", "intents": [], "strategies": {}}'),
        ("en/labels.json", '{"a": "title"}'),
        ("en/labels.json", "[]"),
        ("en/canned_replies.jsonl", '{"id": "x"}'),
        ("en/canned_replies.jsonl", "not json"),
        ("en/demo.jsonl", '{"turns": []}'),
    ],
)
def test_a_file_of_another_form_is_a_sentence(tmp_path: Path, name: str, content: str) -> None:
    folder = write_pack(tmp_path)
    (folder / name).write_text(content)

    with pytest.raises(PackError, match="cannot be used"):
        read_pack(folder)


def test_a_pack_may_speak_one_language_only(tmp_path: Path) -> None:
    folder = write_pack(tmp_path)
    shutil.copytree(folder / "en", folder / "zh_CN")

    both = read_pack(folder)

    assert set(both.labels) == {"en", "zh"}
    assert [reply.lang for reply in both.canned_replies] == ["en", "zh"]


def test_articles_are_parted_at_their_headings() -> None:
    markdown = (
        "# Title\nleft out\n\n## One?\nFirst.\n\nSecond.\n### Deeper\n## Empty\n\n## Two?\n2\n"
    )

    articles = read_articles(markdown, "en", "source")

    assert [(article.question, article.answer) for article in articles] == [
        ("One?", "First.\n\nSecond.\n### Deeper"),
        ("Two?", "2"),
    ]


def test_the_default_pack_is_whole() -> None:
    pack = read_pack(pack_dir())

    labels = set(pack.intent_labels)
    assert set(pack.labels) == {"en", "zh"}
    for lang, known in pack.labels.items():
        assert labels <= set(known), lang
    for reply in pack.canned_replies:
        assert set(reply.intents) <= labels, reply.reply_id
        assert reply.strategy in pack.strategies, reply.reply_id
    ids = [(reply.lang, reply.reply_id) for reply in pack.canned_replies]
    assert len(ids) == len(set(ids))
    for dialogue in pack.demo:
        for turn in dialogue.turns:
            assert turn.intent is None or turn.intent in labels, dialogue.dialogue_id
            assert turn.strategy is None or turn.strategy in pack.strategies, dialogue.dialogue_id
