from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from desktop_assistant.errors import ModelError
from desktop_assistant.inference.registry import Registry
from desktop_assistant.inference.session import Session
from desktop_assistant.inference.understanding import Understanding
from desktop_assistant.training.arguments import DataFile, TrainingArguments
from tests.tiny_models import INTENTS, MESSAGES, SENTIMENTS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tiny_models import TinyUnderstanding

pytestmark = pytest.mark.training


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "shipped", tmp_path / "own")


def arguments_for(tmp_path: Path, **changes: Any) -> TrainingArguments:
    import json

    path = tmp_path / "messages.jsonl"
    rows = [
        {"text": f"{text} {number}", "label": intent, "sentiment": mood}
        for number in range(3)
        for text, intent, mood in MESSAGES
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    options: dict[str, Any] = {
        "task": "understanding",
        "data": (DataFile(path),),
        "out_dir": tmp_path / "out",
        "validation_share": 0.2,
        "max_steps": 4,
        "batch_size": 12,
        "evaluation_steps": 2,
        "max_tokens": 64,
    }
    return TrainingArguments(**(options | changes))


def test_training_ends_in_a_model_that_can_be_installed(
    tmp_path: Path, tiny_encoder: Path, registry: Registry
) -> None:
    from desktop_assistant.training.commands import train

    report = train(arguments_for(tmp_path, base=str(tiny_encoder)), registry)

    card = registry.import_model(report.card.folder)
    model = Understanding(card, Session(card))
    assert card.label == "understanding@1.0.0"
    assert card.labels == {"intent": tuple(sorted(INTENTS)), "sentiment": SENTIMENTS}
    assert card.metrics["training_rows"]["intent"] > 20
    assert "intent_accuracy_en" in report.metrics
    assert card.raw["parity"]["embedding_cosine_min"] > 0.98
    assert card.raw["recipe"]["data"] == [f"{tmp_path.name}/messages.jsonl"]
    assert str(tmp_path) not in (card.folder / "model_card.toml").read_text()
    assert model.read("Good morning").intents
    assert not (tmp_path / "out" / "export").exists()


def test_training_goes_on_from_the_active_model(
    tmp_path: Path, tiny_understanding: TinyUnderstanding, registry: Registry
) -> None:
    from desktop_assistant.training.commands import train

    shipped = tmp_path / "shipped" / "tiny-understanding" / "1.0.0"
    shutil.copytree(tiny_understanding.card.folder, shipped)
    arguments = arguments_for(tmp_path, extra={"name": "tiny-understanding"}, max_steps=1)

    report = train(arguments, registry)

    card = report.card
    assert card.label == "tiny-understanding@1.0.1"
    assert card.base == "tiny-understanding@1.0.0"
    assert report.metrics["intent_accuracy_en"] > 0.5


def test_without_base_and_model_the_sentence_says_what_is_needed(
    tmp_path: Path, registry: Registry
) -> None:
    from desktop_assistant.training.commands import train

    with pytest.raises(ModelError, match="needs --base"):
        train(arguments_for(tmp_path, task="reply"), registry)
