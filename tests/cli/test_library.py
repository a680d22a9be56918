from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, get_args

import pytest

from desktop_assistant.cli.library import FORMATS, moment, read_knowledge
from desktop_assistant.cli.main import main
from desktop_assistant.cli.opening import open_store
from desktop_assistant.conversation import Conversation, Message
from desktop_assistant.errors import RecordError
from desktop_assistant.paths import user_paths
from desktop_assistant.store.export import ExportFormat
from desktop_assistant.training_example import read_dialogues

if TYPE_CHECKING:
    from pathlib import Path

Captured = pytest.CaptureFixture[str]

CSV = 'Question,Answer,lang\n"Where, exactly?","In the\nbox.",en\n怎么退款？,在订单页。,\n,,\n'
MARKDOWN = "# Orders\n\n## Where is it?\nOn its way.\n\n## 在哪里？\n\n路上。\n"


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding)
    return path


def test_knowledge_is_read_from_every_kind_of_file(tmp_path: Path) -> None:
    line = json.dumps({"question": "Q\ud800?", "answer": "A", "source": "faq"})

    from_lines = read_knowledge(written(tmp_path / "a.jsonl", line))
    from_csv = read_knowledge(written(tmp_path / "b.csv", CSV, "utf-8-sig"))
    from_markdown = read_knowledge(written(tmp_path / "c.md", MARKDOWN))

    assert [(one.question, one.source) for one in from_lines] == [("Q\ufffd?", "faq")]
    assert [(one.question, one.lang, one.source) for one in from_csv] == [
        ("Where, exactly?", "en", "b"),
        ("怎么退款？", "zh", "b"),
    ]
    assert from_csv[0].answer == "In the\nbox."
    assert [one.answer for one in from_markdown] == ["On its way.", "路上。"]


def test_each_article_of_a_mixed_file_has_its_own_language(tmp_path: Path) -> None:
    articles = read_knowledge(written(tmp_path / "c.md", MARKDOWN))

    assert [one.lang for one in articles] == ["en", "zh"]


def test_compressed_lines_get_the_file_name_as_source(tmp_path: Path) -> None:
    path = tmp_path / "faq.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"question": "Q", "answer": "A"}\n'))

    assert read_knowledge(path)[0].source == "faq"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.txt", "x", "knowledge comes as"),
        ("a.jsonl", '{"question": "Q"}', "line 1: answer is missing"),
        ("a.csv", "frage,antwort\nx,y\n", "must name the columns"),
        ("a.csv", "", "must name the columns"),
        ("a.csv", "question,answer\nx\n", "line 2: answer is missing"),
        ("a.md", "just text", "holds no article"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(RecordError, match=said):
        read_knowledge(written(tmp_path / name, text))


@pytest.mark.parametrize("name", ["a.csv", "a.md"])
def test_text_that_is_not_utf8_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"question,answer\n\xff,\xfe\n## \xff")

    with pytest.raises(RecordError, match="UTF-8"):
        read_knowledge(tmp_path / name)


def test_imported_knowledge_is_there_and_counted_once(tmp_path: Path, capfd: Captured) -> None:
    path = written(tmp_path / "orders.md", MARKDOWN)

    first = main(["import", "knowledge", str(path)])
    second = main(["import", "knowledge", str(path), "--json"])

    assert (first, second) == (0, 0)
    lines = capfd.readouterr().out.splitlines()
    assert lines[0] == "2 entries read, 2 of them new."
    assert json.loads(lines[1]) == {"read": 2, "added": 0}
    store = open_store(user_paths())
    assert [one.question for one in store.knowledge()] == ["Where is it?", "在哪里？"]
    store.close()


def test_one_bad_file_keeps_all_out(tmp_path: Path, capfd: Captured) -> None:
    good = written(tmp_path / "good.md", MARKDOWN)

    status = main(["import", "knowledge", str(good), str(tmp_path / "missing.csv")])

    assert status == 2
    assert "missing.csv" in capfd.readouterr().err
    assert not user_paths().database.exists()


def test_imported_transcripts_are_there(tmp_path: Path, capfd: Captured) -> None:
    line = {"id": "d", "turns": [{"role": "customer", "text": "a\ud800"}]}
    path = written(tmp_path / "d.jsonl", json.dumps(line) + "\n")

    status = main(["import", "transcripts", str(path), str(path)])

    assert status == 0
    assert capfd.readouterr().out == "2 dialogues read, 1 of them new.\n"
    store = open_store(user_paths())
    assert [one.turns[0].text for one in store.transcripts()] == ["a\ufffd"]
    store.close()


def test_the_formats_are_those_of_the_store() -> None:
    assert get_args(ExportFormat) == FORMATS


@pytest.fixture
def sent() -> datetime:
    """A chat in the database: when the agent answered."""
    asked = datetime(2026, 5, 1, 12, tzinfo=UTC)
    answered = datetime(2026, 5, 2, 12, tzinfo=UTC)
    store = open_store(user_paths())
    chat = Conversation("c", "Ada", "en", asked)
    store.save_conversation(
        chat.with_message(Message("m1", "c", "customer", "Write to ada@example.com", asked))
    )
    store.send(Message("m2", "c", "agent", "I will, Ada.", answered))
    store.close()
    return answered


def test_export_writes_redacted_records(sent: datetime, tmp_path: Path, capfd: Captured) -> None:
    out = tmp_path / "sft.jsonl.gz"

    status = main(["export", "sft", "--out", str(out)])

    assert status == 0
    assert capfd.readouterr().out == f"1 records written to {out}.\n"
    [dialogue] = read_dialogues(out)
    assert [turn.role for turn in dialogue.turns] == ["customer", "agent"]
    assert "ada@example.com" not in dialogue.turns[0].text
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [out.name]


def test_export_keeps_personal_data_only_when_asked(
    sent: datetime, tmp_path: Path, capfd: Captured
) -> None:
    out = tmp_path / "sft.jsonl"

    main(["export", "sft", "--out", str(out), "--no-redact"])

    assert read_dialogues(out)[0].turns[0].text == "Write to ada@example.com"


def test_export_since_and_approved_leave_out_the_rest(
    sent: datetime, tmp_path: Path, capfd: Captured
) -> None:
    out = str(tmp_path / "sft.jsonl")

    main(["export", "sft", "--out", out, "--json", "--since", "2026-05-02T12:00:00+00:00"])
    main(["export", "sft", "--out", out, "--json", "--since", "2026-05-02T12:00:01+00:00"])
    main(["export", "sft", "--out", out, "--json", "--approved-only"])

    counts = [json.loads(line)["records"] for line in capfd.readouterr().out.splitlines()]
    assert counts == [1, 0, 0]


def test_an_export_that_cannot_be_written_is_told(
    sent: datetime, tmp_path: Path, capfd: Captured
) -> None:
    (tmp_path / "folder").mkdir()

    for out in (tmp_path / "missing" / "sft.jsonl", tmp_path / "folder"):
        assert main(["export", "sft", "--out", str(out)]) == 2
        assert "cannot be written" in capfd.readouterr().err

    assert list(tmp_path.glob(".new-*")) == []


def test_export_without_a_database_makes_none(tmp_path: Path, capfd: Captured) -> None:
    status = main(["export", "sft", "--out", str(tmp_path / "x.jsonl")])

    assert status == 2
    assert "nothing to export" in capfd.readouterr().err
    assert not user_paths().home.exists()


def test_a_date_without_a_zone_is_local() -> None:
    assert moment("2026-05-01").utcoffset() is not None
    assert moment("2026-05-01T10:00+02:00") == datetime(2026, 5, 1, 8, tzinfo=UTC)
