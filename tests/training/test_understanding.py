from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from desktop_assistant.errors import RecordError
from desktop_assistant.training.arguments import DataFile, TrainingArguments
from tests.tiny_models import INTENTS, MESSAGES, SENTIMENTS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.training


def rows_in(path: Path, *rows: dict[str, Any]) -> DataFile:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return DataFile(path)


def messages(path: Path) -> DataFile:
    """The messages, three times over with a number each, with intent and sentiment."""
    return rows_in(
        path,
        *(
            {"text": f"{text} {number}", "label": intent, "sentiment": mood}
            for number in range(3)
            for text, intent, mood in MESSAGES
        ),
    )


def arguments_for(tmp_path: Path, base: Path, **changes: Any) -> TrainingArguments:
    return replace(
        TrainingArguments(
            task="understanding",
            data=(messages(tmp_path / "messages.jsonl"),),
            out_dir=tmp_path / "out",
            base=str(base),
            validation_share=0.2,
            max_steps=16,
            batch_size=12,
            learning_rate=5e-3,
            head_learning_rate=1e-2,
            evaluation_steps=8,
            patience=10,
            max_tokens=64,
        ),
        **changes,
    )


@pytest.mark.parametrize("method", ["lora", "full"])
def test_some_steps_lower_the_loss(tmp_path: Path, tiny_encoder: Path, method: str) -> None:
    from desktop_assistant.training.understanding import train_understanding

    result = train_understanding(arguments_for(tmp_path, tiny_encoder, method=method))

    state = tmp_path / "out" / "checkpoints" / "checkpoint-16" / "trainer_state.json"
    history = json.loads(state.read_text())["log_history"]
    losses = [entry["loss"] for entry in history if "loss" in entry]
    assert sum(losses[-3:]) < 0.8 * sum(losses[:3])
    assert result.heads == {"intent": sorted(INTENTS), "sentiment": list(SENTIMENTS)}
    assert result.rows["intent"] + len(result.validation) == 3 * len(MESSAGES)


def test_every_label_teaches_its_own_head(tmp_path: Path, tiny_encoder: Path) -> None:
    from transformers import BertConfig

    from desktop_assistant.training.understanding import train_understanding

    files = (
        messages(tmp_path / "messages.jsonl"),
        rows_in(tmp_path / "mood.jsonl", {"text": "Wonderful", "label": "positive"}),
        rows_in(
            tmp_path / "bank.v2.jsonl",
            {"text": "my card", "label": "card_lost", "source": "bank.v2"},
            {"text": "hello bank", "label": "hello", "source": "bank.v2"},
        ),
        rows_in(tmp_path / "train.jsonl", {"text": "a train", "label": "ticket"}),
    )

    result = train_understanding(
        arguments_for(tmp_path, tiny_encoder, data=files, max_steps=1, validation_share=0.0),
        taxonomy=INTENTS,
        label_map={"bank.v2": {"hello": "greeting"}},
    )

    saved = BertConfig.from_pretrained(result.folder).heads
    assert saved["intent"] == list(INTENTS)
    assert saved["sentiment"] == list(SENTIMENTS)
    assert saved["bank_v2"] == ["card_lost"]
    assert saved["train_labels"] == ["ticket"]


def test_one_task_trains_one_head(tmp_path: Path, tiny_encoder: Path) -> None:
    from desktop_assistant.training.understanding import train_understanding

    result = train_understanding(
        arguments_for(tmp_path, tiny_encoder, task="sentiment", max_steps=1)
    )

    assert set(result.heads) == {"sentiment"}


def test_the_embedding_stays_where_the_base_had_it(tmp_path: Path, tiny_encoder: Path) -> None:
    import torch
    from transformers import AutoTokenizer

    from desktop_assistant.training.understanding import train_understanding
    from desktop_assistant.training.understanding_model import UnderstandingModel, from_encoder

    before = from_encoder(str(tiny_encoder), {"intent": list(INTENTS)}).eval()
    result = train_understanding(arguments_for(tmp_path, tiny_encoder))

    after = UnderstandingModel.from_pretrained(result.folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    encoded = tokenizer(
        [f"query: {text}" for text, *_ in MESSAGES], padding=True, return_tensors="pt"
    )
    with torch.inference_mode():
        vectors = [
            model(encoded["input_ids"], encoded["attention_mask"])["embedding"]
            for model in (before, after)
        ]
    assert float((vectors[0] * vectors[1]).sum(1).min()) > 0.9


def test_heads_with_the_same_labels_are_kept_and_others_begin_anew(
    tmp_path: Path, tiny_encoder: Path
) -> None:
    import torch

    from desktop_assistant.training.understanding_model import from_encoder

    first = from_encoder(str(tiny_encoder), {"intent": ["a", "b"], "sentiment": list(SENTIMENTS)})
    first.save_pretrained(tmp_path / "first")

    second = from_encoder(
        str(tmp_path / "first"), {"intent": ["b", "a"], "sentiment": list(SENTIMENTS)}
    )

    def weight(model: Any, head: str) -> torch.Tensor:
        return model.heads[head][1].weight

    assert torch.equal(weight(first, "sentiment"), weight(second, "sentiment"))
    assert not torch.equal(weight(first, "intent"), weight(second, "intent"))
    assert torch.equal(first.projection.weight, second.projection.weight)


@pytest.mark.parametrize(
    ("row", "said"),
    [({"text": "x"}, "text and a label"), ({"label": "x"}, "text and a label")],
)
def test_a_row_without_text_or_label_is_refused(
    tmp_path: Path, tiny_encoder: Path, row: dict[str, Any], said: str
) -> None:
    from desktop_assistant.training.understanding import train_understanding

    data = (rows_in(tmp_path / "bad.jsonl", row),)

    with pytest.raises(RecordError, match=said):
        train_understanding(arguments_for(tmp_path, tiny_encoder, data=data))


def test_data_without_a_label_of_the_task_is_refused(tmp_path: Path, tiny_encoder: Path) -> None:
    from desktop_assistant.training.understanding import train_understanding

    data = (rows_in(tmp_path / "intents.jsonl", {"text": "x", "label": "greeting"}),)

    with pytest.raises(RecordError, match="no label to learn"):
        train_understanding(arguments_for(tmp_path, tiny_encoder, task="sentiment", data=data))
