from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_assistant.decision import Outcome, classify, edit_distance

SHORT = st.text(max_size=12)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("", "", 0),
        ("abc", "abc", 0),
        ("", "abc", 3),
        ("kitten", "sitting", 3),
        ("flaw", "lawn", 2),
        ("您好", "你好啊", 2),
    ],
)
def test_edit_distance_counts_characters(one: str, other: str, expected: int) -> None:
    assert edit_distance(one, other) == expected


@given(one=SHORT, other=SHORT, third=SHORT)
def test_edit_distance_is_a_distance(one: str, other: str, third: str) -> None:
    assert edit_distance(one, one) == 0
    assert edit_distance(one, other) == edit_distance(other, one)
    assert edit_distance(one, third) <= edit_distance(one, other) + edit_distance(other, third)
    assert edit_distance(one, other) <= max(len(one), len(other))


def test_edit_distance_looks_at_no_more_than_its_limit() -> None:
    assert edit_distance("a" * 10 + "x" * 90, "a" * 10 + "y" * 90, limit=10) == 0


@pytest.mark.parametrize(
    ("suggested", "sent", "inserted", "expected"),
    [
        ("It is on its way.", "It is on its way.", True, Outcome.ACCEPTED),
        ("It is on its way.", " It is on its way.\n", True, Outcome.ACCEPTED),
        ("It is on its way.", "It is on its way, Ada.", True, Outcome.EDITED),
        ("It is on its way.", "Sorry, we lost your parcel!", True, Outcome.TYPED_OVER),
        ("It is on its way.", "It is on its way.", False, Outcome.IGNORED),
        ("包裹已经在路上了。", "您的包裹已经在路上了。", True, Outcome.EDITED),
        ("", "", True, Outcome.ACCEPTED),
        ("", "hello", True, Outcome.TYPED_OVER),
    ],
)
def test_sending_says_what_became_of_a_suggestion(
    suggested: str, sent: str, inserted: bool, expected: Outcome
) -> None:
    assert classify(suggested, sent, inserted=inserted) is expected
