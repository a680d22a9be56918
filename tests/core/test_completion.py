from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_assistant.completion import (
    MAX_COMPLETION_CHARS,
    Completion,
    CompletionKind,
    NoCompletion,
    accepted_words,
    bounded,
    first_word,
    type_through,
)


@pytest.mark.parametrize(
    ("draft", "rest"),
    [
        ("I am", " sorry"),
        ("I am s", "orry"),
        ("I am sorry", ""),
        ("I am sorry!", ""),
        ("I am h", ""),
        ("I a", ""),
        ("", ""),
    ],
)
def test_what_is_left_of_a_completion_follows_the_draft(draft: str, rest: str) -> None:
    assert type_through("I am", " sorry", draft) == rest


@given(draft=st.text(), text=st.text(), typed=st.integers(min_value=0, max_value=50))
def test_draft_and_rest_always_make_the_whole(draft: str, text: str, typed: int) -> None:
    now = draft + text[:typed]

    assert now + type_through(draft, text, now) == draft + text


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (" sorry for this", " sorry "),
        ("ry for", "ry "),
        ("sorry", "sorry"),
        ("非常抱歉", "非常"),
        ("的", "的"),
        ("的 OK", "的 "),
        ("OK的", "OK"),
        ("  ", "  "),
        ("", ""),
    ],
)
def test_first_word_is_what_one_key_takes(text: str, word: str) -> None:
    assert first_word(text) == word


@given(st.text())
def test_taking_word_after_word_takes_everything(text: str) -> None:
    taken = ""
    while taken != text:
        word = first_word(text[len(taken) :])
        assert word
        taken += word

    assert taken == text


@pytest.mark.parametrize(
    ("text", "count"),
    [(" sorry for this", 3), ("抱歉", 2), ("请用 PayPal 付款", 5), ("", 0), ("  ", 0)],
)
def test_words_are_counted_in_both_languages(text: str, count: int) -> None:
    assert accepted_words(text) == count


def test_completion_ends_at_the_line() -> None:
    assert bounded(" sorry.\nAnd more") == " sorry."


def test_long_completion_is_cut_between_words() -> None:
    text = "word " * 100

    cut = bounded(text)

    assert len(cut) <= MAX_COMPLETION_CHARS
    assert text.startswith(cut)
    assert cut.endswith("word")


def test_no_completion_says_why() -> None:
    nothing = Completion.none(NoCompletion.UNSURE, 3.0)

    assert (nothing.text, nothing.kind) == ("", CompletionKind.NONE)
    assert (nothing.reason, nothing.latency_ms) == (NoCompletion.UNSURE, 3.0)
