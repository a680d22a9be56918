"""Values to store: one conversation, with a little of everything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from desktop_assistant.analysis import Analysis, Entity, LabelScore
from desktop_assistant.conversation import Conversation, Message, Role
from desktop_assistant.decision import Correction, CorrectionTarget, Decision, Outcome, Shown

START = datetime(2025, 3, 1, 9, 30, tzinfo=UTC)


def conversation(conversation_id: str = "c1", customer_name: str = "Ada Byron") -> Conversation:
    return Conversation(conversation_id, customer_name, "en", START)


def message(number: int, role: Role, text: str, conversation_id: str = "c1") -> Message:
    sent_at = START + timedelta(minutes=number)
    return Message(f"{conversation_id}-m{number}", conversation_id, role, text, sent_at)


def analysis(intent: str = "track_order", sentiment: str = "negative") -> Analysis:
    others = {"negative": 0.1, "neutral": 0.1, "positive": 0.1}
    return Analysis(
        lang="en",
        intents=(LabelScore(intent, 0.75), LabelScore("complaint", 0.125)),
        sentiments={**others, sentiment: 0.8},
        model="understanding@1",
        entities=(Entity(0, 2, "order_number", "NW"),),
        strategies=(LabelScore("apologise", 0.5),),
        evidence=("where is",),
        latency_ms=11.6,
    )


def shown(shown_id: str, message_id: str | None = "c1-m1", conversation_id: str = "c1") -> Shown:
    return Shown(
        shown_id=shown_id,
        conversation_id=conversation_id,
        message_id=message_id,
        surface="suggestion",
        kind="canned",
        text="It is on its way.",
        source="on_its_way",
        model="",
        score=0.5,
        position=0,
        shown_at=START,
        latency_ms=42.0,
    )


def decision(outcome: Outcome = Outcome.ACCEPTED) -> Decision:
    return Decision(outcome, "It is on its way.", 0, keystrokes=1, time_to_decision_ms=900)


def correction(
    corrected: str, message_id: str = "c1-m1", target: CorrectionTarget = "intent", by: str = "Bo"
) -> Correction:
    predicted = "track_order" if target == "intent" else "negative"
    return Correction(message_id, target, predicted, corrected, by, "understanding@1")
