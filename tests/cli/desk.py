"""A desk for tests of the commands: a small engine with a history, and a pack in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from desktop_assistant.analysis import Analysis, Entity, LabelScore
from desktop_assistant.cli.opening import Desk
from desktop_assistant.completion import Completion, CompletionKind, NoCompletion
from desktop_assistant.conversation import Turn, language_of
from desktop_assistant.inference.engine import EngineStatus, ModelStatus, never
from desktop_assistant.pack import Pack
from desktop_assistant.paths import user_paths
from desktop_assistant.settings import Settings
from desktop_assistant.suggestion import KnowledgeHit, NoSuggestion, Suggestion, Suggestions
from desktop_assistant.training_example import Dialogue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from desktop_assistant.training_example import FaqEntry

AGENT_SAYS = "Your order is on its way and arrives tomorrow."


@dataclass
class ScriptedEngine:
    """Understands two intents, knows one reply, and remembers what it was asked."""

    problem: str = ""
    calls: list[tuple[str, object]] = field(default_factory=list)
    knowledge: list[FaqEntry] = field(default_factory=list)
    history: list[tuple[str, str]] = field(default_factory=list)

    @property
    def status(self) -> EngineStatus:
        models = (ModelStatus("understanding", "tiny", "1.0.0", "cpu", self.problem),)
        return EngineStatus("cpu", "", models)

    def analyse(self, text: str, turns: Sequence[Turn] = ()) -> Analysis:
        self.calls.append(("analyse", (text, tuple(turns))))
        if text == "explode":
            raise ZeroDivisionError
        label = "order_status" if "order" in text else "refund"
        other = "refund" if label == "order_status" else "order_status"
        mood = "negative" if "!" in text else "neutral"
        sentiments = dict.fromkeys(("negative", "neutral", "positive"), 0.1) | {mood: 0.8}
        return Analysis(
            lang=language_of(text),
            intents=(LabelScore(label, 0.9), LabelScore(other, 0.1)) if text.strip() else (),
            sentiments=sentiments,
            model="tiny@1.0.0",
            entities=(Entity(0, 1, "product", text[:1]),) if text else (),
            strategies=(LabelScore("inform", 0.7),),
            evidence=("the word order",),
            latency_ms=1.5,
        )

    def suggest_retrieved(self, turns: Sequence[Turn], values: Mapping[str, str]) -> Suggestions:
        self.calls.append(("suggest_retrieved", tuple(turns)))
        return Suggestions((), NoSuggestion.NOTHING_FITS)

    def suggest(
        self,
        turns: Sequence[Turn],
        values: Mapping[str, str],
        draft: str = "",
        is_cancelled: Callable[[], bool] = never,
    ) -> Suggestions:
        self.calls.append(("suggest", (tuple(turns), dict(values), draft)))
        if "order" not in turns[-1].text:
            return Suggestions((), NoSuggestion.NOTHING_FITS)
        name = values.get("customer_name", "")
        text = f"{name}, {AGENT_SAYS}" if name else AGENT_SAYS
        return Suggestions((Suggestion(text, "canned", 0.83, "order-on-its-way"),), None)

    def complete(
        self,
        conversation_id: str,
        turns: Sequence[Turn],
        draft: str,
        is_cancelled: Callable[[], bool] = never,
    ) -> Completion:
        self.calls.append(("complete", (conversation_id, draft)))
        if not draft:
            return Completion.none(NoCompletion.EMPTY_DRAFT)
        if AGENT_SAYS.startswith(draft) and draft != AGENT_SAYS:
            return Completion(AGENT_SAYS[len(draft) :], CompletionKind.PHRASE)
        return Completion.none(NoCompletion.UNSURE)

    def search(self, query: str, k: int = 5) -> list[KnowledgeHit]:
        self.calls.append(("search", (query, k)))
        return [KnowledgeHit("Where is it?", AGENT_SAYS, 0.912345678, "en/orders")][:k]

    def add_knowledge(self, entries: Sequence[FaqEntry]) -> None:
        self.knowledge.extend(entries)

    def add_history(self, replies: Sequence[tuple[str, str]]) -> None:
        self.history.extend(replies)

    def reload(self, task: str) -> ModelStatus:
        return self.status.models[0]

    def take_up_active(self) -> EngineStatus:
        return self.status


def small_pack() -> Pack:
    """A pack with one demonstration chat in each language."""
    english = (
        Turn("customer", "Where is my order?", intent="order_status", sentiment="neutral"),
        Turn("agent", AGENT_SAYS),
        Turn("customer", "That is too late!", intent="refund", sentiment="negative"),
        Turn("agent", "I am sorry."),
    )
    chinese = (Turn("customer", "我的order在哪里？"), Turn("agent", "正在路上。"))
    return Pack(
        name="small",
        intents={"orders": ("order_status", "refund")},
        strategies={},
        labels={},
        canned_replies=(),
        knowledge=(),
        policies={},
        demo=(
            Dialogue("late-parcel", english, "en", "shop", "Ada"),
            Dialogue("包裹", chinese, "zh"),
        ),
    )


def small_desk(engine: ScriptedEngine, agent_name: str = "Kim") -> Desk:
    return Desk(user_paths(), Settings(agent_name=agent_name), small_pack(), engine)
