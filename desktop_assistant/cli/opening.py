"""What commands open: the user's folder, settings, database, registry and engine."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_assistant.errors import ModelError
from desktop_assistant.paths import models_dir, pack_dir, user_paths
from desktop_assistant.settings import Settings, read_settings

if TYPE_CHECKING:
    import argparse

    from desktop_assistant.inference.engine import Engine
    from desktop_assistant.inference.registry import Registry
    from desktop_assistant.pack import Pack
    from desktop_assistant.paths import UserPaths
    from desktop_assistant.store.database import Store

UNDERSTANDING = frozenset({"understanding"})
COMPLETING = frozenset({"reply"})
EVERYTHING = UNDERSTANDING | COMPLETING

HISTORY = 500
"""How many of the newest sent replies are made suggestible: each costs a look at start."""


@dataclass(frozen=True, slots=True)
class Desk:
    """An engine that is ready, with what belongs to the person who works with it."""

    paths: UserPaths
    settings: Settings
    pack: Pack
    engine: Engine

    def values(self, customer_name: str = "") -> dict[str, str]:
        """What is known of the variables of canned replies."""
        known = {"agent_name": self.settings.agent_name, "customer_name": customer_name}
        return {name: value for name, value in known.items() if value}


def paths_of(arguments: argparse.Namespace) -> UserPaths:
    """The user's folder as the command line chose it."""
    return user_paths(arguments.home)


def registry_of(paths: UserPaths) -> Registry:
    """The models that were shipped and the user's own."""
    from desktop_assistant.inference.registry import Registry

    return Registry(models_dir(), paths.models)


def open_desk(arguments: argparse.Namespace, tasks: frozenset[str]) -> Desk:
    """Open an engine for ``tasks`` with everything that this user has taught it.

    Raises: AssistantError if settings, pack, database or a model cannot be used.
    """
    from desktop_assistant.inference.assembly import open_engine
    from desktop_assistant.pack import read_pack

    paths = paths_of(arguments)
    settings = read_settings(paths.settings)
    pack = read_pack(pack_dir(settings.pack))
    registry = registry_of(paths)
    chosen = model_choice(registry, getattr(arguments, "model", None), tasks)
    engine = open_engine(settings, paths, pack=pack, tasks=tasks, models=chosen)
    refuse_problems(engine, registry, tasks)
    teach(engine, paths)
    return Desk(paths, settings, pack, engine)


def model_choice(registry: Registry, named: str | None, tasks: frozenset[str]) -> dict[str, str]:
    """Which task ``--model`` is for, which the model itself says.

    Raises: ModelError if there is no such model, or if its task is not among ``tasks``.
    """
    if not named:
        return {}
    card = registry.find(named)
    if card.task not in tasks:
        message = (
            f"The model {named} is for {card.task}, but this command needs one for "
            f"{' or '.join(sorted(tasks))}."
        )
        raise ModelError(message)
    return {card.task: named}


def refuse_problems(engine: Engine, registry: Registry, tasks: frozenset[str]) -> None:
    """Let a command work without what was never installed, but not with what is damaged.

    Raises: ModelError with the sentence of the first model that is there and cannot run, or of
    any where none of ``tasks`` can be served.
    """
    asked = [model for model in engine.status.models if model.task in tasks]
    failed = [model for model in asked if model.problem]
    installed = {card.task for card in registry.list()}
    for model in failed:
        if model.task in installed or registry.problems() or len(failed) == len(asked):
            raise ModelError(model.problem)


def open_store(paths: UserPaths) -> Store:
    """Open the database, made now if there was none, and say if it had to be recovered.

    Raises: StoreError.
    """
    from desktop_assistant.store.database import Store

    store = Store(paths.database)
    if store.notice:
        print(store.notice, file=sys.stderr)
    return store


def teach(engine: Engine, paths: UserPaths) -> None:
    """Give the engine what was imported and what was sent, if there is a database yet."""
    if not paths.database.exists():
        return
    store = open_store(paths)
    try:
        engine.add_knowledge(store.knowledge())
        engine.add_history(store.sent_replies(HISTORY))
    finally:
        store.close()
