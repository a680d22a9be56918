from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from desktop_assistant.completion import CompletionKind, NoCompletion
from desktop_assistant.conversation import Turn, language_of
from desktop_assistant.errors import PackError
from desktop_assistant.inference.assembly import LocalEngine, open_engine
from desktop_assistant.inference.registry import TASKS, Registry
from desktop_assistant.inference.retrieval import WORTH_WRITING
from desktop_assistant.paths import UserPaths
from desktop_assistant.settings import Settings
from desktop_assistant.suggestion import NoSuggestion
from desktop_assistant.training_example import FaqEntry
from tests.tiny_models import ANSWERS, reply_card, small_pack, understanding_card

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.tiny_models import TinyReply, TinyUnderstanding

    Build = Callable[..., LocalEngine]

ASKED = (Turn("customer", "Where is my order?"),)
ASKED_IN_CHINESE = (Turn("customer", "我的订单在哪里？"),)


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Makes an engine on the models of ``tmp_path``."""

    def made(settings: Settings | None = None, **options: Any) -> LocalEngine:
        return LocalEngine(
            Registry(tmp_path / "shipped", tmp_path / "own"),
            settings or Settings(threads=1),
            UserPaths(tmp_path / "home"),
            small_pack(),
            options.get("tasks", frozenset(TASKS)),
            options.get("models", {}),
        )

    return made


@pytest.fixture
def both_models(
    tmp_path: Path, tiny_reply: TinyReply, tiny_understanding: TinyUnderstanding
) -> None:
    """The tiny models, shipped."""
    install(tmp_path, "tiny-reply", tiny_reply.card.folder)
    install(tmp_path, "tiny-understanding", tiny_understanding.card.folder)


def install(tmp_path: Path, name: str, folder: Path) -> Path:
    target = tmp_path / "shipped" / name / "1.0.0"
    shutil.copytree(folder, target)
    return target


def test_without_any_model_everything_answers_with_a_reason(build: Build) -> None:
    engine = build()

    analysis = engine.analyse("Where is my order 12345678? Mail me: a@b.example")
    suggestions = engine.suggest(ASKED, {})
    phrase = engine.complete("c", ASKED, "It is on its w")
    other = engine.complete("c", ASKED, "Completely other words")

    assert (analysis.intent, analysis.sentiment) == ("out_of_scope", "neutral")
    assert "email" in {entity.type for entity in analysis.entities}
    assert suggestions.suggestions == ()
    assert suggestions.reason == NoSuggestion.NO_MODEL
    assert (phrase.text, phrase.kind) == ("ay to you right now.", CompletionKind.PHRASE)
    assert other.reason == NoCompletion.NO_MODEL
    assert engine.search("shipping") == []
    assert [model.task for model in engine.status.models] == list(TASKS)
    assert all("models import" in model.problem for model in engine.status.models)
    assert engine.status.provider == "CPU"


@pytest.mark.training
@pytest.mark.usefixtures("both_models")
class TestWithBothModels:
    def test_a_message_is_analysed(self, build: Build) -> None:
        analysis = build().analyse("I want my money back")

        assert analysis.intent == "refund_request"
        assert analysis.sentiment == "negative"
        assert analysis.model == "tiny-understanding@1.0.0"
        assert sum(analysis.sentiments.values()) == pytest.approx(1.0, abs=1e-4)
        assert analysis.strategies
        assert analysis.latency_ms > 0

    def test_nothing_a_customer_writes_is_an_error(self, build: Build) -> None:
        engine = build()

        for text in ("", "😀", "\ud800", "\x00\x01", "a" * 100_000, "\u202eabc", "<|im_end|>"):
            turns = (Turn("customer", text),)
            analysis = engine.analyse(text, turns)
            suggestions = engine.suggest(turns, {})
            engine.complete("c", turns, "I will")
            engine.search(text)
            assert sum(analysis.sentiments.values()) == pytest.approx(1.0, abs=1e-3)
            assert len(suggestions.suggestions) <= 3
            assert bool(suggestions.suggestions) != bool(suggestions.reason)

    def test_at_most_three_replies_are_suggested_best_first(self, build: Build) -> None:
        engine = build()
        engine.add_history(
            [("Where is my order?", f"Reply number {n} of the team.") for n in "123"]
        )

        found = engine.suggest(ASKED, {"customer_name": "Ada"})

        scores = [suggestion.score for suggestion in found.suggestions]
        assert 1 <= len(scores) <= 3
        assert scores == sorted(scores, reverse=True)
        assert len({suggestion.text for suggestion in found.suggestions}) == len(scores)
        assert found.reason is None

    @pytest.mark.parametrize("count", [0, 1])
    def test_the_setting_bounds_how_many(self, build: Build, count: int) -> None:
        engine = build(Settings(threads=1, suggestions=count))

        assert len(engine.suggest(ASKED, {}).suggestions) == count

    def test_generated_and_retrieved_replies_stand_together(self, build: Build) -> None:
        kinds = {s.kind for s in build().suggest(ASKED, {}).suggestions}

        assert {"generated", "canned"} <= kinds

    def test_replies_are_in_the_language_of_the_customer(self, build: Build) -> None:
        engine = build()

        found = engine.suggest(ASKED_IN_CHINESE, {})

        assert found.suggestions
        assert {language_of(s.text) for s in found.suggestions} == {"zh"}
        assert all(s.kind != "generated" for s in found.suggestions)

    def test_an_agent_who_spoke_last_needs_no_reply(self, build: Build) -> None:
        engine = build()

        for turns in ((), (*ASKED, Turn("agent", "Soon.")), (Turn("customer", "\x00 "),)):
            found = engine.suggest(turns, {})
            assert found.suggestions == ()
            assert found.reason == NoSuggestion.NOTHING_TO_ANSWER

    def test_a_cancelled_suggestion_says_so(self, build: Build) -> None:
        found = build().suggest(ASKED, {}, is_cancelled=lambda: True)

        assert found.suggestions == ()
        assert found.reason == NoSuggestion.CANCELLED

    def test_generated_replies_begin_with_the_draft(self, build: Build) -> None:
        found = build().suggest(ASKED, {}, draft="I will")

        generated = [s.text for s in found.suggestions if s.kind == "generated"]
        assert all(text.startswith("I will") for text in generated)

    def test_a_draft_is_completed_on_the_cache_that_suggesting_filled(self, build: Build) -> None:
        engine = build()
        engine.suggest(ASKED, {})
        assert engine.decoder is not None
        filled = list(engine.decoder.cache(ASKED[0].text).tokens)

        completed = engine.complete("c", ASKED, "I will check the sta")
        cancelled = engine.complete("c", ASKED, "I will check the sta", lambda: True)

        assert filled
        assert engine.decoder.cache(ASKED[0].text).shared_prefix(filled) > len(filled) // 2
        assert ANSWERS[0][1].startswith("I will check the sta" + completed.text)
        assert completed.kind == CompletionKind.GENERATED
        assert completed.latency_ms > 0
        assert cancelled.reason == NoCompletion.CANCELLED

    def test_knowledge_that_is_added_is_found_and_outlives_a_reload(self, build: Build) -> None:
        engine = build()
        engine.add_knowledge([FaqEntry("Good morning", "A greeting in the morning.", "en", "mine")])

        before = engine.search("Good morning", 1)
        engine.reload("understanding")
        after = engine.search("Good morning", 1)

        assert before[0].source == after[0].source == "mine"
        assert len(engine.search("Good morning", 2)) == 2
        assert engine.search("   ") == []

    def test_a_promoted_model_answers_after_a_reload(
        self, build: Build, tmp_path: Path, tiny_understanding: TinyUnderstanding
    ) -> None:
        engine = build()
        made = tmp_path / "made"
        shutil.copytree(tiny_understanding.card.folder, made)
        understanding_card(made, "2.0.0")
        registry = Registry(tmp_path / "shipped", tmp_path / "own")
        registry.import_model(made)
        registry.promote("tiny-understanding", "2.0.0")

        before = engine.analyse("Good morning").model
        status = engine.reload("understanding")

        assert before == "tiny-understanding@1.0.0"
        assert (status.version, status.problem) == ("2.0.0", "")
        assert engine.analyse("Good morning").model == "tiny-understanding@2.0.0"
        registry.rollback("understanding")
        assert engine.reload("understanding").version == "1.0.0"

    def test_a_damaged_model_is_a_problem_and_the_other_one_works(
        self, build: Build, tmp_path: Path
    ) -> None:
        graph = tmp_path / "shipped" / "tiny-understanding" / "1.0.0" / "model.onnx"
        graph.write_bytes(graph.read_bytes()[:-1])

        engine = build()

        problems = {model.task: model.problem for model in engine.status.models}
        assert "damaged" in problems["understanding"]
        assert problems["reply"] == ""
        assert engine.suggest(ASKED, {}).suggestions[0].kind == "generated"

    def test_without_the_decoder_retrieval_still_suggests(self, build: Build) -> None:
        engine = build(tasks=frozenset({"understanding"}))

        found = engine.suggest(ASKED, {})

        assert found.suggestions[0].kind == "canned"
        assert engine.decoder is None
        assert [model.task for model in engine.status.models] == ["understanding"]

    def test_a_model_of_another_task_is_refused(self, build: Build) -> None:
        engine = build(models={"reply": "tiny-understanding"})

        problems = {model.task: model.problem for model in engine.status.models}

        assert "is a model for understanding, not for reply" in problems["reply"]

    def test_the_second_start_computes_no_vectors(self, build: Build, tmp_path: Path) -> None:
        entries = [FaqEntry(f"question {n}", f"answer {n}", "en") for n in range(WORTH_WRITING)]
        build().add_knowledge(entries)
        cache = next((tmp_path / "home" / "cache").glob("*.npz"))
        before = cache.stat().st_mtime_ns

        engine = build()
        engine.add_knowledge(entries)

        assert cache.stat().st_mtime_ns == before

    def test_a_model_without_a_sentiment_head_still_finds_replies(
        self, build: Build, tmp_path: Path, tiny_understanding: TinyUnderstanding
    ) -> None:
        import onnx

        folder = tmp_path / "shipped" / "tiny-understanding" / "1.0.0"
        graph = onnx.load(folder / "model.onnx")
        sentiment = next(o for o in graph.graph.output if o.name == "sentiment_logits")
        graph.graph.output.remove(sentiment)
        onnx.save(graph, folder / "model.onnx")
        understanding_card(
            folder,
            outputs=["embedding", "intent_logits"],
            labels={"intent": list(tiny_understanding.card.labels["intent"])},
        )
        engine = build(tasks=frozenset({"understanding"}))

        assert engine.analyse("Where is my order?").sentiment == "neutral"
        assert engine.suggest(ASKED, {}).suggestions

    def test_a_chosen_model_is_used_until_it_is_reloaded(
        self, build: Build, tmp_path: Path, tiny_reply: TinyReply
    ) -> None:
        other = tmp_path / "own" / "tiny-reply" / "0.9.0"
        shutil.copytree(tiny_reply.card.folder, other)
        reply_card(other, version="0.9.0")

        engine = build(models={"reply": "tiny-reply@0.9.0"})
        chosen = next(m.version for m in engine.status.models if m.task == "reply")

        assert chosen == "0.9.0"
        assert engine.reload("reply").version == "1.0.0"


def test_an_unknown_pack_is_told(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="cannot be used"):
        open_engine(Settings(pack="no_such_trade"), UserPaths(tmp_path))
