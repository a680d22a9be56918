from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from desktop_assistant.conversation import Turn
from desktop_assistant.errors import RecordError
from desktop_assistant.inference.prompt import reply_prompt
from desktop_assistant.training.arguments import DataFile
from desktop_assistant.training.dataset import (
    IGNORED_TOKEN,
    cleaned,
    is_held_back,
    load,
    reply_sequences,
    split,
)
from desktop_assistant.training_example import Dialogue, read_faq

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import PreTrainedTokenizerBase

pytestmark = pytest.mark.training


@pytest.fixture
def tokenizer(tiny_decoder: Path) -> PreTrainedTokenizerBase:
    from transformers import AutoTokenizer

    loaded: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(tiny_decoder)
    return loaded


def chat(*said: str, name: str = "d") -> Dialogue:
    """Turns in alternation, the customer first."""
    roles = ("customer", "agent")
    turns = tuple(Turn(roles[index % 2], text) for index, text in enumerate(said))  # type: ignore[arg-type]
    return Dialogue(name, turns, "en")


def test_a_conversation_never_changes_sides() -> None:
    ids = [f"chat-{number}" for number in range(2000)]

    forwards = split(ids, str, 0.1)
    backwards = split(ids[::-1], str, 0.1)

    assert set(forwards[1]) == set(backwards[1])
    assert not set(forwards[0]) & set(forwards[1])
    assert 120 < len(forwards[1]) < 280
    assert {one for one in ids if is_held_back(one, 0.05)} < set(forwards[1])


def test_all_rows_of_a_conversation_are_on_one_side() -> None:
    rows = [(f"chat-{number % 50}", number) for number in range(500)]

    training, validation = split(rows, lambda row: row[0], 0.2)

    assert not {group for group, _ in training} & {group for group, _ in validation}
    assert len(training) + len(validation) == len(rows)


def test_a_share_of_nothing_holds_nothing_back() -> None:
    assert split(["a", "b"], str, 0.0) == (["a", "b"], [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Thank you for contacting [company name] customer support!",
            "Thank you for contacting us!",
        ),
        ("Thanks for choosing [Company].", "Thanks for choosing us."),
        ("I work at [company]'s desk", "I work at our shop desk"),
        ("one\r\ntwo", "one\ntwo"),
        ("nothing to clean", "nothing to clean"),
    ],
)
def test_placeholders_of_companies_become_words(text: str, expected: str) -> None:
    assert cleaned(chat(text)).turns[0].text == expected


def test_only_the_words_of_agents_are_learnt(tokenizer: PreTrainedTokenizerBase) -> None:
    dialogue = chat("Where is my order?", "On its way.", "Thank you", "You are welcome.")

    (sequence,) = reply_sequences(dialogue, tokenizer, 400)

    learnt = [token for token in sequence.labels if token != IGNORED_TOKEN]
    assert tokenizer.decode(learnt) == "On its way.<|im_end|>You are welcome.<|im_end|>"
    assert len(sequence.labels) == len(sequence.input_ids)
    assert all(
        label in (IGNORED_TOKEN, token)
        for label, token in zip(sequence.labels, sequence.input_ids, strict=True)
    )


def test_training_reads_what_the_engine_will_write(tokenizer: PreTrainedTokenizerBase) -> None:
    dialogue = chat("Where is my order?", "On its way.")

    (sequence,) = reply_sequences(dialogue, tokenizer, 400)

    prompt = tokenizer(reply_prompt(dialogue.turns[:1], "en"), add_special_tokens=False)
    first = next(i for i, label in enumerate(sequence.labels) if label != IGNORED_TOKEN)
    assert sequence.input_ids[:first] == prompt["input_ids"]


@pytest.mark.parametrize(
    "text", ["Hi {{name}}", "Call [phone number]", "<ORDER ID> is late", "", "w " * 121]
)
def test_turns_that_must_not_be_learnt_are_context(
    tokenizer: PreTrainedTokenizerBase, text: str
) -> None:
    assert reply_sequences(chat("a", text), tokenizer, 2000) == []


def test_a_long_dialogue_is_cut_into_windows_that_fit(tokenizer: PreTrainedTokenizerBase) -> None:
    dialogue = chat(*(f"this is what is said as number {number}" for number in range(40)))

    windows = reply_sequences(dialogue, tokenizer, 256)

    learnt = "".join(tokenizer.decode([t for t in w.labels if t >= 0]) for w in windows)
    assert len(windows) > 2
    assert all(len(window.input_ids) <= 256 for window in windows)
    assert all(learnt.count(f"number {number}<") == 1 for number in range(1, 40, 2))


def test_files_are_sampled_and_repeated_the_same_way_each_time(tmp_path: Path) -> None:
    path = tmp_path / "faq.jsonl"
    rows = [{"question": f"q{number}", "answer": "a"} for number in range(50)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    files = (DataFile(path, rows=5), DataFile(path, repeat=2))

    first, second = load(files, read_faq, 3), load(files, read_faq, 3)

    assert first == second
    assert len(first) == 105
    assert load(files, read_faq, 4)[:5] != first[:5]


def test_a_bad_line_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "faq.jsonl"
    path.write_text('{"question": "q", "answer": "a"}\n{"question": "q"}\n')

    with pytest.raises(RecordError, match=r"faq\.jsonl, line 2: answer"):
        load((DataFile(path),), read_faq, 0)
