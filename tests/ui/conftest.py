"""Values of a small shop for the tests of the window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from desktop_assistant.conversation import Conversation, Message
from desktop_assistant.pack import Label, Pack
from desktop_assistant.ui.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from PySide6.QtWidgets import QApplication

    from desktop_assistant.conversation import Role


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # What the off-screen platform cannot do (size hints, raising, grabbing keys) harms nothing.
    for item in items:
        item.add_marker(pytest.mark.qt_log_ignore("This plugin does not support"))


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    theme = Theme("light")
    yield theme
    theme.deleteLater()


@pytest.fixture
def pack() -> Pack:
    titles = {
        "en": {
            "delivery_problem": "Delivery problem",
            "get_refund": "Refund",
            "track_order": "Track an order",
        },
        "zh": {"delivery_problem": "物流异常", "get_refund": "申请退款", "track_order": "查询订单"},
    }
    return Pack(
        name="small_shop",
        intents={"all": ("delivery_problem", "get_refund", "track_order", "out_of_scope")},
        strategies={},
        labels={
            lang: {name: Label(name, title, "") for name, title in of_lang.items()}
            for lang, of_lang in titles.items()
        },
        canned_replies=(),
        knowledge=(),
        policies={},
        demo=(),
    )


@pytest.fixture
def talk() -> Callable[..., Conversation]:
    """Makes a conversation of (role, text) pairs, one a minute from ``start`` on."""

    def make(
        turns: Sequence[tuple[Role, str]],
        conversation_id: str = "c1",
        name: str = "Anna Keller",
        start: datetime = datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
    ) -> Conversation:
        messages = tuple(
            Message(
                f"{conversation_id}-{place}",
                conversation_id,
                role,
                text,
                start + timedelta(minutes=place),
            )
            for place, (role, text) in enumerate(turns)
        )
        return Conversation(conversation_id, name, "en", start, messages=messages)

    return make
