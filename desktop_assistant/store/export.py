"""What was decided becomes what is learnt: records for training, one after the other.

``sft``: one record for each message an agent sent in answer to a customer. The last message is what
was really sent, whether a suggestion was taken, edited or typed over, or none was wanted: all of it
is how this team writes. Up to ``MAX_CONTEXT_MESSAGES`` earlier messages are its context.

``intent`` and ``sentiment``: one record for each customer message whose label a person stands for.
That is the newest correction, or the model's own label where somebody approved it. What a model
said and nobody looked at is not exported: a model that learns its own guesses only grows surer.

Records come in the order in which their messages arrived, so the same database gives the same
bytes. Nothing leaves unredacted unless the caller asks for it (``leave_unredacted``).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Literal

from desktop_assistant.conversation import language_of
from desktop_assistant.decision import Outcome
from desktop_assistant.redaction import redact_texts
from desktop_assistant.store.rows import time_text
from desktop_assistant.training_example import SENTIMENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from desktop_assistant.store.connection import Connection
    from desktop_assistant.store.database import Store

    Redact = Callable[[Sequence[str], Sequence[str]], list[str]]

ExportFormat = Literal["sft", "intent", "sentiment"]

MAX_CONTEXT_MESSAGES = 16
"""More than fits into the decoder's window, and little enough for long chats not to repeat."""

WRITTEN = "written"
"""The outcome of a message that was sent without any suggestion in sight."""

_SYSTEM = {
    "en": "You are a customer service agent in a live chat. Reply in English.",
    "zh": "你是在线客服，请用中文回复客户。",
}

_CHAT_ROLES = {"customer": "user", "agent": "assistant"}

_BY_WEIGHT = (
    Outcome.ACCEPTED,
    Outcome.EDITED,
    Outcome.TYPED_OVER,
    Outcome.ACCEPTED_IN_PART,
    Outcome.DISMISSED,
    Outcome.IGNORED,
    Outcome.TOO_LATE,
)
"""Which outcome speaks for a message that several suggestions were shown for."""

_REPLIES = """
    SELECT m.sequence, m.message_id, m.conversation_id, m.text, c.customer_name
    FROM messages m JOIN conversations c USING (conversation_id)
    WHERE m.role = 'agent' AND m.sent_at >= ?
        AND (NOT ? OR EXISTS (
            SELECT 1 FROM approvals p WHERE p.message_id = m.message_id AND p.item = 'reply'
        ))
    ORDER BY m.sequence
"""

_CONTEXT = """
    SELECT role, text FROM messages WHERE conversation_id = ? AND sequence < ?
    ORDER BY sequence DESC LIMIT ?
"""

# Both read in the order of the table: nothing has to be sorted, so nothing is held in memory.
_LABELS = """
    SELECT m.message_id, m.text, m.conversation_id, c.customer_name, k.predicted, k.corrected_at,
        COALESCE(k.corrected, IIF(?1 = 'intent', a.intent, a.sentiment)) AS label
    FROM messages m
    JOIN conversations c USING (conversation_id)
    LEFT JOIN analyses a USING (message_id)
    LEFT JOIN corrections k ON k.correction_id = (
        SELECT n.correction_id FROM corrections n
        WHERE n.message_id = m.message_id AND n.target = ?1
        ORDER BY n.corrected_at DESC, n.correction_id DESC LIMIT 1
    )
    WHERE m.role = 'customer' AND label IS NOT NULL
        AND (k.correction_id IS NOT NULL OR EXISTS (
            SELECT 1 FROM approvals p WHERE p.message_id = m.message_id AND p.item = ?1
        ))
    ORDER BY m.sequence
"""

_APPROVAL = """
    SELECT MAX(approved_at) FROM approvals WHERE message_id = ? AND item = ? AND label = ?
"""


def export_records(
    store: Store,
    format: ExportFormat,  # noqa: A002  # the command's own word for it
    *,
    since: datetime | None = None,
    approved_only: bool = False,
    redact: Redact = redact_texts,
) -> Iterator[dict[str, Any]]:
    """Read training records from the store, holding one at a time.

    Args:
        store: open, on this thread.
        format: sft, intent or sentiment.
        since: leaves out messages sent, or labels given and approved, before.
        approved_only: leaves out what no supervisor has approved.
        redact: takes texts that belong together and the names of people in them, and gives the
            texts back without personal data.

    Raises: StoreError if the database cannot be read, ValueError if ``since`` has no time zone.
    """
    start = "" if since is None else time_text(since)
    if format == "sft":
        return _replies(store.connection, start, redact, approved_only=approved_only)
    return _labels(store.connection, format, start, redact, approved_only=approved_only)


def leave_unredacted(texts: Sequence[str], names: Sequence[str]) -> list[str]:  # noqa: ARG001
    """The ``redact`` of an export that keeps everything as it was written."""
    return list(texts)


def _replies(
    connection: Connection, start: str, redact: Redact, *, approved_only: bool
) -> Iterator[dict[str, Any]]:
    for sequence, message_id, conversation_id, text, customer_name in connection.rows(
        _REPLIES, start, approved_only
    ):
        said = list(connection.rows(_CONTEXT, conversation_id, sequence, MAX_CONTEXT_MESSAGES))
        turns = [*reversed(said), ("agent", text)]
        # A greeting before the customer has said anything answers nothing.
        if not text.strip() or all(role == "agent" for role, _ in turns):
            continue
        lang = language_of(text)
        contents = redact([content for _, content in turns], [customer_name])
        yield {
            "id": _shareable(message_id, redact),
            "lang": lang,
            "messages": [
                {"role": "system", "content": _SYSTEM[lang]},
                *(
                    {"role": _CHAT_ROLES[role], "content": content}
                    for (role, _), content in zip(turns, contents, strict=True)
                ),
            ],
            "outcome": _outcome(connection, message_id),
            "conversation": _shareable(conversation_id, redact),
        }


def _labels(
    connection: Connection, target: str, start: str, redact: Redact, *, approved_only: bool
) -> Iterator[dict[str, Any]]:
    for row in connection.rows(_LABELS, target):
        message_id, text, conversation_id, customer_name, predicted, corrected_at, label = row
        (approved_at,) = connection.row(_APPROVAL, message_id, target, label) or (None,)
        is_vouched_for = approved_at or (corrected_at and not approved_only)
        is_known = target == "intent" or label in SENTIMENTS
        if is_vouched_for and is_known and max(approved_at or "", corrected_at or "") >= start:
            yield {
                "text": redact([text], [customer_name])[0],
                "label": label,
                "lang": language_of(text),
                "source": "confirmed" if predicted in {None, label} else "correction",
                "dialogue": _shareable(conversation_id, redact),
            }


def _outcome(connection: Connection, message_id: str) -> str:
    found = {
        row[0]
        for row in connection.rows(
            "SELECT outcome FROM decisions WHERE sent_message_id = ?", message_id
        )
    }
    return next((str(outcome) for outcome in _BY_WEIGHT if outcome in found), WRITTEN)


def _shareable(identity: str, redact: Redact) -> str:
    """An id as it may leave: some platforms use the customer's phone number or address as one."""
    if redact([identity], [])[0] == identity:
        return identity
    return hashlib.sha256(identity.encode()).hexdigest()[:16]
