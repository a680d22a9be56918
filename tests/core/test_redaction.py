from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_assistant.redaction import (
    RedactedSpan,
    has_iban_digits,
    has_identity_digit,
    has_luhn_digit,
    redact,
    redact_texts,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to a.b+c@mail.example.com, please", "write to [EMAIL_1], please"),
        ("邮箱是ada_1@qq.com谢谢", "邮箱是[EMAIL_1]谢谢"),
        ("我的手机13812345678", "我的手机[PHONE_1]"),
        ("手机１３８１２３４５６７８。", "手机[PHONE_1]。"),
        ("+86 138-1234-5678", "[PHONE_1]"),
        ("座机 010-62345678", "座机 [PHONE_1]"),
        ("call (415) 555-0123 or 555-123-4567", "call [PHONE_1] or [PHONE_2]"),
        ("ring +49 30 1234567 now", "ring [PHONE_1] now"),
        ("my number is 07911 123456", "my number is [PHONE_1]"),
        ("身份证号是11010519491231002X，谢谢", "身份证号是[ID_NUMBER_1]，谢谢"),
        ("11010519491231002x", "[ID_NUMBER_1]"),
        ("passport number is E12345678", "passport number is [ID_NUMBER_1]"),
        ("SSN 123-45-6789", "SSN [ID_NUMBER_1]"),
        ("4111 1111 1111 1111 12/26", "[BANK_CARD_1] 12/26"),
        ("4111111111111111 5500-0055-5555-5559", "[BANK_CARD_1] [BANK_CARD_2]"),
        ("银行卡号6222021234567890128", "银行卡号[BANK_CARD_1]"),
        ("IBAN DE89370400440532013000 THIS", "IBAN [BANK_CARD_1] THIS"),
        ("GB82 WEST 1234 5698 7654 32", "[BANK_CARD_1]"),
        ("NW-123456 and BL20250301", "[ORDER_NUMBER_1] and [ORDER_NUMBER_2]"),
        ("order #US-20931 is late", "order #[ORDER_NUMBER_1] is late"),
        ("my order number is A20931.", "my order number is [ORDER_NUMBER_1]."),
        ("where is order 20931?", "where is order [ORDER_NUMBER_1]?"),
        ("订单号：88123456", "订单号：[ORDER_NUMBER_1]"),
        ("查下单号SF1390284417725", "查下单号[ORDER_NUMBER_1]"),
    ],
)
def test_personal_data_is_replaced(text: str, expected: str) -> None:
    assert redact(text)[0] == expected


@pytest.mark.parametrize(
    "text",
    [
        "It cost 1,299.00 in 2024, and I want 2 pieces in size 42.",
        "I want to order 1000 pieces before 2024-05-01 10:30",
        "please refund 1500 dollars within 30 days",
        "version 1.2.3, 12:30-14:00, 50%",
        "the order is late since monday3",
        "@ada see you at 10@",
        "一共3件，5月12日下单，花了299元",
        "[PHONE_1] and [ORDER_NUMBER_2]",
        "",
    ],
)
def test_harmless_text_stays(text: str) -> None:
    assert redact(text) == (text, ())


def test_spans_count_code_points_of_the_text_that_came_in() -> None:
    text = "😀 手机１３８１２３４５６７８"

    _, spans = redact(text)

    assert spans == (RedactedSpan(4, 15, "phone"),)


def test_same_value_has_the_same_placeholder_however_it_is_written() -> None:
    texts = ["138-1234-5678", "+86 13812345678 or 13900000000", "１３９００００００００"]

    assert redact_texts(texts) == ["[PHONE_1]", "[PHONE_1] or [PHONE_2]", "[PHONE_2]"]


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("I am ada byron", "Ada Byron", "I am [PERSON_NAME_1]"),
        ("Thanks, Ada", "Ada Byron", "Thanks, [PERSON_NAME_1]"),
        ("Adage, may I?", "Ada May", "Adage, may I?"),
        ("我是王小明", "王小明", "我是[PERSON_NAME_1]"),
        ("the customer is a guest", "Customer", "the customer is a guest"),
        ("a b c", "A", "a b c"),
        ("anything", "", "anything"),
    ],
)
def test_known_names_are_replaced(text: str, name: str, expected: str) -> None:
    assert redact(text, [name])[0] == expected


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (has_luhn_digit, "79927398713", "79927398710"),
        (has_luhn_digit, "4111 1111 1111 1111", "0000 0000 0000 0000"),
        (has_identity_digit, "11010519491231002X", "110105194912310021"),
        (has_identity_digit, "440524188001010014", "440524188001010015"),
        (has_iban_digits, "GB82 WEST 1234 5698 7654 32", "GB83 WEST 1234 5698 7654 32"),
    ],
)
def test_check_digits_agree_with_published_examples(check: object, right: str, wrong: str) -> None:
    assert callable(check)
    assert check(right)
    assert not check(wrong)


@given(st.text(st.sampled_from("019 -@.aX号订单order:#+()138NW"), max_size=60))
def test_redacting_leaves_nothing_to_redact(text: str) -> None:
    redacted, spans = redact(text)

    assert redact(redacted) == (redacted, ())
    assert all(0 <= span.start < span.end <= len(text) for span in spans)


@given(st.text(max_size=80))
def test_text_between_the_spans_stays_as_it_was(text: str) -> None:
    redacted, spans = redact(text)

    end = 0
    for span in spans:
        assert text[end : span.start] in redacted
        end = span.end
    assert redacted.endswith(text[end:])


@pytest.mark.parametrize(
    "piece", ["a", "1", "1 ", "a@", "a@a.", "order ", " ", "(", "order number is:#", "AB12", "::"]
)
def test_hostile_text_is_redacted_in_time(piece: str) -> None:
    text = "order" + piece * (16_000 // len(piece))
    start = time.perf_counter()

    redact(text)

    assert time.perf_counter() - start < 2
