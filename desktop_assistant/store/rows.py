"""How values become columns, and columns values."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from desktop_assistant.analysis import Analysis, Entity, LabelScore
from desktop_assistant.conversation import Conversation, Message, Turn
from desktop_assistant.decision import Correction, Decision, Outcome, Shown
from desktop_assistant.training_example import Dialogue, FaqEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from desktop_assistant.conversation import Language
log = logging.getLogger(__name__)

Value = TypeVar("Value")
ConversationStatus = Literal["open", "resolved"]
ApprovedItem = Literal["reply", "intent", "sentiment"]
Row = tuple[Any, ...]

CONVERSATION = "conversation_id, customer_name, lang, started_at, channel"
MESSAGE = "message_id, conversation_id, role, text, sent_at"
ANALYSIS = "lang, intents, sentiments, model, entities, strategies, evidence, latency_ms"
SHOWN = (
    "shown_id, conversation_id, message_id, surface, kind, text, source, model, score, position, "
    "shown_at, latency_ms, draft"
)
DECISION = (
    "outcome, final_text, edit_distance, accepted_words, keystrokes, time_to_decision_ms, reason"
)
CORRECTION = "message_id, target, predicted, corrected, corrected_by, model"
KNOWLEDGE = "question, answer, lang, source, queries"
TRANSCRIPT = "dialogue_id, turns, lang, domain, customer_name"


def insert_into(table: str, columns: str, otherwise: str = "") -> str:
    """An INSERT with a place for each column; ``otherwise`` is its ON CONFLICT clause."""
    places = ", ".join("?" for _ in columns.split(","))
    return f"INSERT INTO {table} ({columns}) VALUES ({places}) {otherwise}"  # noqa: S608  # names


def columns_of(alias: str, columns: str) -> str:
    """The columns, each as one of the table with this alias."""
    return ", ".join(f"{alias}.{column.strip()}" for column in columns.split(","))


def time_text(moment: datetime) -> str:
    """Write a time so that texts sort as times do. Raises: ValueError if it has no time zone."""
    if moment.tzinfo is None:
        message = "a time without a time zone cannot be stored"
        raise ValueError(message)
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def time_of(text: str) -> datetime:
    """Read a time; what damage made unreadable becomes 1970, for the words count more."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)


def decoded(decode: Callable[[Row], Value], found: Iterable[Row]) -> list[Value]:
    """Turn rows into values, leaving out rows that damage made unreadable.

    SQLite has no checksums: a flipped byte inside a text or a JSON column goes unnoticed until it
    is read, and must not keep everything else from the agent.
    """
    values: list[Value] = []
    for row in found:
        try:
            values.append(decode(row))
        except (ValueError, TypeError, KeyError, AttributeError) as exc:
            log.warning("a row cannot be read: %s", type(exc).__name__)
    return values


def message_row(message: Message) -> Row:
    return (
        message.message_id,
        message.conversation_id,
        message.role,
        message.text,
        time_text(message.sent_at),
    )


def message_of(row: Row) -> Message:
    message_id, conversation_id, role, text, sent_at = row
    return Message(message_id, conversation_id, role, text, time_of(sent_at))


def conversation_of(row: Row, messages: Sequence[Message]) -> Conversation:
    conversation_id, customer_name, lang, started_at, channel = row
    known: Language = "zh" if lang == "zh" else "en"
    return Conversation(
        conversation_id, customer_name, known, time_of(started_at), channel, tuple(messages)
    )


def analysis_row(analysis: Analysis) -> Row:
    return (
        analysis.lang,
        _json([[found.label, found.score] for found in analysis.intents]),
        _json(analysis.sentiments),
        analysis.model,
        _json([asdict(entity) for entity in analysis.entities]),
        _json([[found.label, found.score] for found in analysis.strategies]),
        _json(analysis.evidence),
        round(analysis.latency_ms),
    )


def analysis_of(row: Row) -> Analysis:
    lang, intents, sentiments, model, entities, strategies, evidence, latency_ms = row
    return Analysis(
        lang=lang,
        intents=tuple(LabelScore(label, score) for label, score in json.loads(intents)),
        sentiments=json.loads(sentiments),
        model=model,
        entities=tuple(Entity(**entity) for entity in json.loads(entities)),
        strategies=tuple(LabelScore(label, score) for label, score in json.loads(strategies)),
        evidence=tuple(json.loads(evidence)),
        latency_ms=float(latency_ms),
    )


def shown_row(shown: Shown) -> Row:
    return (
        shown.shown_id,
        shown.conversation_id,
        shown.message_id,
        shown.surface,
        shown.kind,
        shown.text,
        shown.source,
        shown.model,
        shown.score,
        shown.position,
        time_text(shown.shown_at),
        round(shown.latency_ms),
        shown.draft,
    )


def shown_of(row: Row) -> Shown:
    *before, shown_at, latency_ms, draft = row
    return Shown(*(*before, time_of(shown_at), float(latency_ms), draft))


def decision_row(decision: Decision) -> Row:
    return (
        str(decision.outcome),
        decision.final_text,
        decision.edit_distance,
        decision.accepted_words,
        decision.keystrokes,
        decision.time_to_decision_ms,
        decision.reason,
    )


def decision_of(row: Row) -> Decision:
    return Decision(Outcome(row[0]), *row[1:])


def correction_row(correction: Correction) -> Row:
    return (
        correction.message_id,
        correction.target,
        correction.predicted,
        correction.corrected,
        correction.corrected_by,
        correction.model,
    )


def correction_of(row: Row) -> Correction:
    return Correction(*row)


def knowledge_row(entry: FaqEntry) -> Row:
    return (entry.question, entry.answer, entry.lang, entry.source, _json(entry.queries))


def knowledge_of(row: Row) -> FaqEntry:
    *before, queries = row
    return FaqEntry(*(*before, tuple(json.loads(queries))))


def transcript_row(dialogue: Dialogue) -> Row:
    return (
        dialogue.dialogue_id,
        _json([[turn.role, turn.text, turn.intent, turn.sentiment] for turn in dialogue.turns]),
        dialogue.lang,
        dialogue.domain,
        dialogue.customer_name,
    )


def transcript_of(row: Row) -> Dialogue:
    dialogue_id, turns, *rest = row
    return Dialogue(dialogue_id, tuple(Turn(*turn) for turn in json.loads(turns)), *rest)


def transcript_digest(row: Row) -> str:
    """What makes a transcript the same one: files of two systems may use the same ids."""
    return hashlib.sha256(_json(row).encode("utf-8", "surrogatepass")).hexdigest()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
