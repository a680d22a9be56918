from __future__ import annotations

import pytest

from desktop_assistant.suggestion import (
    Suggestion,
    fill_variables,
    is_similar,
    open_variables,
    rank,
    unsupported_facts,
    with_one_written,
)


def suggestion(text: str, score: float = 0.5) -> Suggestion:
    return Suggestion(text, "canned", score, "test")


def test_known_variables_are_filled_and_the_others_stay_open() -> None:
    filled = fill_variables(
        "Hi {customer_name}, {order_number} is on its way.",
        {
            "customer_name": "Anna",
        },
    )

    assert filled == "Hi Anna, {order_number} is on its way."
    assert open_variables(filled) == ("order_number",)


def test_what_looks_like_a_variable_in_a_value_is_not_filled_again() -> None:
    values = {"customer_name": "{agent_name}", "agent_name": "Kim"}

    assert fill_variables("Hi {customer_name}", values) == "Hi {agent_name}"


def test_best_come_first_and_only_three() -> None:
    candidates = [
        suggestion("The parcel is on its way.", 0.2),
        suggestion("Could you tell me your order number?", 0.9),
        suggestion("I am sorry to hear that.", 0.4),
        suggestion("您好，请稍等。", 0.8),
    ]

    assert [one.score for one in rank(candidates)] == [0.9, 0.8, 0.4]


def test_near_duplicates_give_way_to_the_better_one() -> None:
    candidates = [
        suggestion("Could you tell me your order number please?", 0.7),
        suggestion("could you tell me your order number, please?", 0.8),
    ]

    assert [one.score for one in rank(candidates)] == [0.8]


def test_blank_replies_are_left_out_and_the_others_stripped() -> None:
    assert [one.text for one in rank([suggestion("  "), suggestion(" Hello \n")])] == ["Hello"]


def test_equals_keep_their_order() -> None:
    first, second = suggestion("Certainly, with pleasure."), suggestion("一会儿给您答复。")

    assert rank([first, second]) == [first, second]


@pytest.mark.parametrize(
    ("one", "other", "similar"),
    [
        ("Hello there", "hello THERE", True),
        ("Your refund is on its way.", "Your refund was refused.", False),
        ("请提供您的订单号", "请您提供订单号", True),
        ("", "", True),
    ],
)
def test_likeness_ignores_letter_case(one: str, other: str, similar: bool) -> None:
    assert is_similar(one, other) is similar


def test_numbers_nobody_said_are_unsupported() -> None:
    facts = unsupported_facts("Order 4711 costs 11.99, write to a@b.com.", ["my order is 4711"])

    assert facts == ("11.99", "a@b.com")


def test_a_written_reply_has_a_place_beside_better_scored_canned_ones() -> None:
    canned = [
        Suggestion(text, "canned", 0.9, "en/x")
        for text in ("Could you send me a photo?", "We will replace the item.", "I am so sorry.")
    ]
    written = [Suggestion("Let me look into the parcel.", "generated", 0.4, "reply@1.0.0")]

    found = with_one_written(canned, written, limit=3)

    assert [one.kind for one in found] == ["canned", "canned", "generated"]


def test_with_one_place_only_the_best_is_shown() -> None:
    canned = [Suggestion("Could you send me a photo?", "canned", 0.9, "en/x")]
    written = [Suggestion("Let me look into the parcel.", "generated", 0.4, "reply@1.0.0")]

    found = with_one_written(canned, written, limit=1)

    assert found == canned
