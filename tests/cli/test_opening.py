from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from desktop_assistant.cli.opening import (
    EVERYTHING,
    UNDERSTANDING,
    model_choice,
    open_desk,
    open_store,
    refuse_problems,
    teach,
)
from desktop_assistant.cli.parser import CommandParser, add_home, add_model
from desktop_assistant.conversation import Conversation, Message
from desktop_assistant.errors import ModelError, StoreError
from desktop_assistant.inference.engine import EngineStatus, ModelStatus
from desktop_assistant.inference.registry import Registry
from desktop_assistant.paths import user_paths
from desktop_assistant.training_example import FaqEntry
from tests.cli.desk import ScriptedEngine, small_pack
from tests.cli.test_models import make_model

if TYPE_CHECKING:
    from pathlib import Path


class HalfEngine(ScriptedEngine):
    """Understands, and has a problem with replies."""

    @property
    def status(self) -> EngineStatus:
        working = ModelStatus("understanding", "tiny", "1.0.0", "cpu", self.problem)
        return EngineStatus(
            "cpu", "", (working, ModelStatus("reply", "", "", "", "no reply model"))
        )


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    make_model(tmp_path / "shipped" / "tiny" / "1.0.0", "1.0.0")
    return Registry(tmp_path / "shipped", tmp_path / "own")


def test_a_command_works_without_a_model_that_was_never_installed(registry: Registry) -> None:
    refuse_problems(HalfEngine(), registry, EVERYTHING)


def test_a_model_that_is_there_and_cannot_run_is_refused(registry: Registry) -> None:
    with pytest.raises(ModelError, match="is damaged"):
        refuse_problems(HalfEngine(problem="it is damaged"), registry, EVERYTHING)


def test_a_card_that_cannot_be_read_is_not_passed_over(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "own" / "writer" / "1.0.0").mkdir(parents=True)
    (tmp_path / "own" / "writer" / "1.0.0" / "model_card.toml").write_text("task = ")

    with pytest.raises(ModelError, match="no reply model"):
        refuse_problems(HalfEngine(), registry, EVERYTHING)


def test_a_command_whose_only_model_is_missing_is_refused(registry: Registry) -> None:
    with pytest.raises(ModelError, match="no reply model"):
        refuse_problems(HalfEngine(), registry, frozenset({"reply"}))


def test_the_model_itself_says_which_task_it_is_for(registry: Registry) -> None:
    assert model_choice(registry, "tiny@1.0.0", UNDERSTANDING) == {"understanding": "tiny@1.0.0"}
    assert model_choice(registry, None, UNDERSTANDING) == {}


def test_a_model_for_another_task_is_refused(registry: Registry) -> None:
    with pytest.raises(ModelError, match="is for understanding, but this command needs"):
        model_choice(registry, "tiny", frozenset({"reply"}))


def test_the_engine_learns_what_was_imported_and_sent() -> None:
    paths, engine = user_paths(), ScriptedEngine()
    now = datetime(2026, 5, 1, tzinfo=UTC)
    store = open_store(paths)
    store.add_knowledge([FaqEntry("Q", "A", "en", "mine")])
    chat = Conversation("c", "Ada", "en", now)
    store.save_conversation(chat.with_message(Message("1", "c", "customer", "Hello?", now)))
    store.send(Message("2", "c", "agent", "Hello!", now))
    store.close()

    teach(engine, paths)

    assert [entry.question for entry in engine.knowledge] == ["Q"]
    assert engine.history == [("Hello?", "Hello!")]


def test_asking_makes_no_database() -> None:
    teach(ScriptedEngine(), user_paths())

    assert not user_paths().home.exists()


def test_a_recovered_database_is_told_on_standard_error(
    capfd: pytest.CaptureFixture[str],
) -> None:
    paths = user_paths()
    paths.home.mkdir()
    paths.database.write_bytes(b"no database" * 500)

    open_store(paths).close()

    assert "was damaged" in capfd.readouterr().err


def test_a_foreign_database_is_refused_in_a_sentence() -> None:
    import sqlite3

    paths = user_paths()
    paths.home.mkdir()
    foreign = sqlite3.connect(paths.database)
    foreign.execute("CREATE TABLE invoices (number INTEGER)")
    foreign.close()

    with pytest.raises(StoreError, match="another program"):
        teach(ScriptedEngine(), paths)


def test_the_desk_is_opened_with_the_users_settings_and_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def open_engine(*arguments: object, **options: object) -> ScriptedEngine:
        asked.extend([*arguments, options])
        return ScriptedEngine()

    make_model(tmp_path / "shipped" / "tiny" / "1.0.0", "1.0.0")
    monkeypatch.setattr("desktop_assistant.cli.opening.models_dir", lambda: tmp_path / "shipped")
    monkeypatch.setattr("desktop_assistant.inference.assembly.open_engine", open_engine)
    monkeypatch.setattr("desktop_assistant.pack.read_pack", lambda _: small_pack())
    home = tmp_path / "elsewhere"
    home.mkdir()
    (home / "settings.toml").write_text('agent_name = "Lin"\n')
    parser = CommandParser()
    add_home(parser, default=None)
    add_model(parser)

    desk = open_desk(parser.parse_args(["--home", str(home), "--model", "tiny"]), UNDERSTANDING)

    assert desk.values("Ada") == {"agent_name": "Lin", "customer_name": "Ada"}
    assert desk.paths.home == home
    settings, paths, options = asked
    assert (settings, paths) == (desk.settings, desk.paths)
    assert options == {
        "pack": small_pack(),
        "tasks": UNDERSTANDING,
        "models": {"understanding": "tiny"},
    }
