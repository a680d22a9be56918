"""Takes out what would tell who a customer is, before anything leaves this computer.

Found by pattern and, wherever one exists, by check digit: e-mail addresses, phone numbers, bank
cards (Luhn) and IBANs, Chinese identity numbers, and order numbers. Where in doubt a number is
taken out: an example that lost a harmless number still teaches, one that kept a phone number must
not be shared. Names of people and postal addresses have no pattern; names that are known can be
passed in.

The same value becomes the same placeholder, ``[PHONE_1]``, in all texts of one call.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    _Finder = Callable[[str], Iterator[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class RedactedSpan:
    """What was taken out: ``start`` and ``end`` count code points of the text that came in."""

    start: int
    end: int
    type: str


def redact(text: str, names: Sequence[str] = ()) -> tuple[str, tuple[RedactedSpan, ...]]:
    """Replace personal data by typed placeholders.

    Args:
        text: any text; full-width digits and letters are recognised too.
        names: people known to appear; their names are replaced by ``[PERSON_NAME_1]``.

    Returns: the redacted text, and what was replaced, in order and without overlaps.
    """
    spans = find_personal_data(text, names)
    return _replaced(text, spans, _Numbering()), spans


def redact_texts(texts: Sequence[str], names: Sequence[str] = ()) -> list[str]:
    """Redact texts that belong together: one value has one placeholder in all of them."""
    numbering = _Numbering()
    return [_replaced(text, find_personal_data(text, names), numbering) for text in texts]


def find_personal_data(text: str, names: Sequence[str] = ()) -> tuple[RedactedSpan, ...]:
    """Find the spans to take out; where two overlap, the more certain kind wins."""
    plain = text if text.isascii() else text.translate(_TO_HALF_WIDTH)
    found: list[RedactedSpan] = []
    taken = bytearray(len(text))
    for span in _candidates(plain, names):
        if not any(taken[span.start : span.end]):
            taken[span.start : span.end] = b"\x01" * (span.end - span.start)
            found.append(span)
    return tuple(sorted(found, key=lambda span: span.start))


def has_luhn_digit(number: str) -> bool:
    """Whether the last of the digits is right for a bank card.

    Source: ISO/IEC 7812-1, annex B.
    """
    digits = [int(char) for char in reversed(_digits(number))]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return len(set(digits)) > 1 and (sum(digits[::2]) + sum(doubled)) % 10 == 0


def has_identity_digit(number: str) -> bool:
    """Whether the last character is right for a Chinese identity number of 18 characters.

    Source: GB 11643-1999, which uses ISO 7064 MOD 11-2.
    """
    compact = _compact(number).upper()
    total = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(compact[:17]))
    return len(compact) == 18 and "10X98765432"[total % 11] == compact[17]


def has_iban_digits(number: str) -> bool:
    """Whether the two check digits are right. Source: ISO 13616, MOD 97-10."""
    compact = _compact(number).upper()
    return int("".join(str(int(char, 36)) for char in compact[4:] + compact[:4])) % 97 == 1


class _Numbering:
    """Gives each different value of a type the next number of that type."""

    def __init__(self) -> None:
        self._placeholders: dict[tuple[str, str], str] = {}
        self._used: Counter[str] = Counter()

    def placeholder(self, kind: str, value: str) -> str:
        key = (kind, _identity(kind, value))
        if key not in self._placeholders:
            self._used[kind] += 1
            self._placeholders[key] = f"[{kind.upper()}_{self._used[kind]}]"
        return self._placeholders[key]


def _replaced(text: str, spans: Sequence[RedactedSpan], numbering: _Numbering) -> str:
    parts: list[str] = []
    for before, span in pairwise((RedactedSpan(0, 0, ""), *spans)):
        value = text[span.start : span.end].translate(_TO_HALF_WIDTH)
        parts += [text[before.end : span.start], numbering.placeholder(span.type, value)]
    return "".join(parts) + text[spans[-1].end if spans else 0 :]


def _candidates(plain: str, names: Sequence[str]) -> Iterator[RedactedSpan]:
    # Every finder needs one of these, and most of what is said in a chat has none.
    for kind, find in _FINDERS if _HINT.search(plain) else ():
        for start, end in find(plain):
            yield RedactedSpan(start, end, kind)
    for pattern in _name_patterns(names):
        for match in pattern.finditer(plain):
            yield RedactedSpan(*match.span(), "person_name")


def _name_patterns(names: Sequence[str]) -> Iterator[re.Pattern[str]]:
    """Full names first, then their parts: customers sign with the first name alone.

    Parts count only as they are written, for "may" and "will" are words.
    """
    full = {name.translate(_TO_HALF_WIDTH).strip() for name in names}
    parts = {part for name in full for part in name.split()} - full
    for name in (*sorted(full), *sorted(parts)):
        if len(name) < 2 or name.casefold() in _NO_NAMES:
            continue
        flags = re.I if name in full else 0
        edges = (_START, _END) if name.isascii() else ("", "")
        yield re.compile(edges[0] + re.escape(name) + edges[1], flags)


def _matches(
    pattern: str, is_valid: Callable[[str], bool] | None = None, *, any_case: bool = False
) -> _Finder:
    """Find what matches, or its group ``value`` alone, where ``is_valid`` agrees."""
    compiled = re.compile(pattern, re.A | re.I if any_case else re.A)
    group = "value" if "value" in compiled.groupindex else 0

    def find(plain: str) -> Iterator[tuple[int, int]]:
        for match in compiled.finditer(plain):
            if is_valid is None or is_valid(match[group]):
                yield match.span(group)

    return find


def _find_cards(plain: str) -> Iterator[tuple[int, int]]:
    """Find card numbers in runs of digits, which may go on with an expiry date or another card."""
    for run in _DIGIT_RUN.finditer(plain):
        groups = list(re.finditer(r"[0-9]+", run[0]))
        first = 0
        while first < len(groups):
            last = _last_group_of_card(run[0], groups, first)
            if last is not None:
                yield run.start() + groups[first].start(), run.start() + groups[last].end()
                first = last
            first += 1


def _last_group_of_card(text: str, groups: Sequence[re.Match[str]], first: int) -> int | None:
    start = groups[first].start()
    for last in range(min(first + 8, len(groups)) - 1, first - 1, -1):
        number = _digits(text[start : groups[last].end()])
        if 13 <= len(number) <= 19 and number[0] in "234569" and has_luhn_digit(number):
            return last
    return None


def _identity(kind: str, value: str) -> str:
    """What two ways of writing one value have in common."""
    if kind == "phone":
        return _digits(value)[-10:]
    return _compact(value).casefold() if kind != "email" else value.casefold()


def _digits(value: str) -> str:
    return re.sub(r"[^0-9]", "", value)


def _compact(value: str) -> str:
    return re.sub(r"[\s-]", "", value)


def _is_identity_number(value: str) -> bool:
    compact = _compact(value)
    month, day = int(compact[10:12]), int(compact[12:14])
    return 1 <= month <= 12 and 1 <= day <= 31 and has_identity_digit(value)


def _is_reference(value: str) -> bool:
    """Whether an order could be called that: some digit, and not a date."""
    return any(char.isdigit() for char in value) and not _DATE.fullmatch(value)


_TO_HALF_WIDTH = {0xFF01 + offset: 0x21 + offset for offset in range(94)} | {0x3000: 0x20}

_NO_NAMES = frozenset(
    {"anonymous", "customer", "guest", "unknown", "user", "visitor", "访客", "顾客", "客户", "用户"}
)
"""What chat platforms write where no name is known."""

_DATE = re.compile(r"(?:19|20)[0-9]{2}-[0-9]{1,2}-[0-9]{1,2}")
_HINT = re.compile(r"[0-9@]")
_DIGIT_RUN = re.compile(r"(?<![A-Za-z0-9+])[0-9](?:[ -]?[0-9]){12,}(?![A-Za-z0-9])")

_START = r"(?<![A-Za-z0-9])"
_END = r"(?![A-Za-z0-9])"

# What stands between a keyword and its number: "number is", "no.:", "号码是".
_SIGN = r"number|no\b\.?|nr\b\.?|id\b|code|ref\b\.?|号码|编号|号|#|:|is\b|是|为"
_SAYS = rf"(?:[ \t]*(?:{_SIGN}|at\b|on\b)){{0,3}}[ \t]*"
_MUST_SAY = rf"(?:[ \t]*(?:{_SIGN})){{1,3}}[ \t]*"

_PAPERS = "passport|social security|ssn|身份证|护照"
_CARDS = r"\bcard|\baccount|(?:银行|信用|储蓄|借记)卡|卡号|账号"
_ORDERS = r"\b(?:order|tracking|parcel|shipment)|订单|单号|运单|快递"
_ORDER_PAPERS = r"\b(?:invoice|refund|return|rma|case|ticket)|发票|退款|退货|工单"
_CONTACTS = (
    r"\b(?:phone|telephone|tel|mobile|cell|whatsapp|call me|text me|reach me)|电话|手机|联系方式|qq"
)

# In order of certainty: a check digit or a keyword beats a mere shape.
_FINDERS: tuple[tuple[str, _Finder], ...] = (
    (
        "email",
        _matches(r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]++@(?:[A-Za-z0-9-]++\.)+[A-Za-z]{2,}"),
    ),
    (
        "id_number",
        _matches(
            _START + r"[1-9]\d{5}[ -]?(?:18|19|20)\d{6}[ -]?\d{3}[\dXx]" + _END,
            _is_identity_number,
        ),
    ),
    (
        "id_number",
        _matches(
            rf"(?:{_PAPERS}){_SAYS}(?P<value>[A-Z0-9][A-Z0-9-]{{4,19}}){_END}",
            _is_reference,
            any_case=True,
        ),
    ),
    ("id_number", _matches(_START + r"(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}" + _END)),
    ("bank_card", _matches(_START + r"[A-Z]{2}\d\d[A-Z0-9]{11,30}" + _END, has_iban_digits)),
    (
        "bank_card",
        _matches(
            _START + r"[A-Z]{2}\d\d [A-Z0-9]{4}(?: \d{4}){2,6}(?: \d{1,3})?" + _END,
            has_iban_digits,
        ),
    ),
    ("bank_card", _find_cards),
    (
        "bank_card",
        _matches(
            rf"(?:{_CARDS}){_SAYS}(?P<value>\d(?:[ -]?\d){{11,18}}){_END}",
            any_case=True,
        ),
    ),
    ("order_number", _matches(_START + r"(?:NW-?|BL-?)\d{4,}" + _END, any_case=True)),
    (
        "order_number",
        _matches(
            rf"(?:{_ORDERS}|{_ORDER_PAPERS}){_MUST_SAY}(?P<value>[A-Z0-9][A-Z0-9-]{{2,29}}){_END}",
            _is_reference,
            any_case=True,
        ),
    ),
    (
        "order_number",
        _matches(
            rf"(?:{_ORDERS})[ \t]*(?P<value>(?:[A-Z]{{1,5}}-?)?\d[A-Z0-9-]{{4,29}}){_END}",
            _is_reference,
            any_case=True,
        ),
    ),
    (
        "phone",
        _matches(
            rf"(?:{_CONTACTS}){_SAYS}(?P<value>\+?\(?\d(?:[ ().-]{{0,2}}\d){{5,14}}){_END}",
            any_case=True,
        ),
    ),
    ("phone", _matches(r"(?<![A-Za-z0-9+])(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}" + _END)),
    ("phone", _matches(_START + r"\+\d(?:[ ().-]{0,2}\d){6,14}" + _END)),
    ("phone", _matches(_START + r"0\d{2,3}-?\d{7,8}" + _END)),
    ("phone", _matches(_START + r"0\d{3,4} ?\d{3} ?\d{3,4}" + _END)),
    ("phone", _matches(_START + r"[48]00-?\d{3}-?\d{4}" + _END)),
    (
        "phone",
        _matches(
            r"(?<![A-Za-z0-9+])(?:1[ .-]?)?(?:\([2-9]\d\d\) ?|[2-9]\d\d[ .-]?)"
            r"\d{3}[ .-]?\d{4}" + _END
        ),
    ),
)
