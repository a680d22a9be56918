"""The one door to the models: analyse, suggest, complete, search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from desktop_assistant.analysis import Analysis
    from desktop_assistant.completion import Completion
    from desktop_assistant.conversation import Turn
    from desktop_assistant.suggestion import KnowledgeHit, Suggestions
    from desktop_assistant.training_example import FaqEntry


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """A model as it runs: ``problem`` is a sentence for the user where it does not."""

    task: str
    name: str
    version: str
    provider: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """What runs on what. ``provider_note`` says why CUDA was wanted and is not used."""

    provider: str
    provider_note: str
    models: tuple[ModelStatus, ...]


def never() -> bool:
    """The ``is_cancelled`` of work that nobody can cancel."""
    return False


class Engine(Protocol):
    """All calls come from one thread, the engine's. None raises for what a customer wrote.

    ``is_cancelled`` is asked between tokens and stages; a cancelled call returns early with what
    it has, and the caller drops it.
    """

    @property
    def status(self) -> EngineStatus:
        """May be asked from any thread."""

    def analyse(self, text: str, turns: Sequence[Turn] = ()) -> Analysis:
        """Understand one customer message; ``turns`` is what was said before it."""

    def suggest_retrieved(self, turns: Sequence[Turn], values: Mapping[str, str]) -> Suggestions:
        """Replies from canned replies, knowledge and history only: there in some 20 ms."""

    def suggest(
        self,
        turns: Sequence[Turn],
        values: Mapping[str, str],
        draft: str = "",
        is_cancelled: Callable[[], bool] = never,
    ) -> Suggestions:
        """Retrieved and generated replies together; the last turn is the customer's.

        ``values`` fills the variables of canned replies (customer_name, agent_name, ...).
        """

    def complete(
        self,
        conversation_id: str,
        turns: Sequence[Turn],
        draft: str,
        is_cancelled: Callable[[], bool] = never,
    ) -> Completion:
        """What would be shown in grey after ``draft``. The cache is kept by conversation."""

    def search(self, query: str, k: int = 5) -> list[KnowledgeHit]:
        """The knowledge entries that fit best."""

    def add_knowledge(self, entries: Sequence[FaqEntry]) -> None:
        """Make more knowledge searchable at once, beside the pack's."""

    def add_history(self, replies: Sequence[tuple[str, str]]) -> None:
        """Make sent replies suggestible: (customer's message, agent's reply) pairs."""

    def reload(self, task: str) -> ModelStatus:
        """Take up the active version of a model again, after it was promoted or rolled back."""

    def take_up_active(self) -> EngineStatus:
        """Load the models that were promoted or rolled back since they were last loaded."""
