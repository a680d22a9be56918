from __future__ import annotations

import json
import logging
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from desktop_assistant.errors import RecordError
from desktop_assistant.training.arguments import DataFile, TrainingArguments
from tests.tiny_models import ANSWERS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.training


def chats(path: Path, answer: str = "Thank you, all is well now.") -> Path:
    """Dialogues in which the agent says what the tiny decoder does not say yet."""
    rows = [
        {
            "id": f"chat-{number}",
            "lang": "en",
            "turns": [
                {"role": "customer", "text": f"{asked} {number}"},
                {"role": "agent", "text": answer},
            ],
        }
        for number, (asked, _) in enumerate(ANSWERS * 4)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def arguments_for(tmp_path: Path, base: Path, **changes: Any) -> TrainingArguments:
    return replace(
        TrainingArguments(
            task="reply",
            data=(DataFile(chats(tmp_path / "chats.jsonl")),),
            out_dir=tmp_path / "out",
            base=str(base),
            validation_share=0.3,
            max_steps=6,
            batch_size=4,
            learning_rate=2e-2,
            evaluation_steps=2,
            patience=10,
            lora_rank=4,
            lora_alpha=8,
        ),
        **changes,
    )


def test_some_steps_of_lora_lower_the_loss_and_are_merged(
    tmp_path: Path, tiny_decoder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from transformers import AutoModelForCausalLM

    from desktop_assistant.training.reply import train_reply

    result = train_reply(arguments_for(tmp_path, tiny_decoder))
    said = capfd.readouterr()

    merged = AutoModelForCausalLM.from_pretrained(result.folder)
    assert result.loss_after < 0.8 * result.loss_before
    assert result.training_sequences + result.validation_sequences == 16
    assert not any("lora" in name for name in merged.state_dict())
    assert (result.folder / "tokenizer.json").exists()
    assert (tmp_path / "out" / "training_arguments.json").exists()
    assert list((tmp_path / "out" / "tensorboard").iterdir())
    assert said.out == ""
    assert "'loss'" in said.err


def test_a_run_that_was_interrupted_goes_on_from_its_checkpoint(
    tmp_path: Path, tiny_decoder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from desktop_assistant.training.reply import train_reply

    train_reply(arguments_for(tmp_path, tiny_decoder, max_steps=4))
    with caplog.at_level(logging.INFO, "desktop_assistant"):
        train_reply(arguments_for(tmp_path, tiny_decoder, max_steps=6))

    state = tmp_path / "out" / "checkpoints" / "checkpoint-6" / "trainer_state.json"
    steps = [entry["step"] for entry in json.loads(state.read_text())["log_history"]]
    assert "Resuming from" in caplog.text
    assert "checkpoint-4" in caplog.text
    assert steps[0] == 1
    assert steps[-1] == 6


def test_the_whole_model_can_be_trained_without_validation(
    tmp_path: Path, tiny_decoder: Path
) -> None:
    from desktop_assistant.training.reply import train_reply

    arguments = arguments_for(
        tmp_path, tiny_decoder, method="full", validation_share=0.0, max_steps=1
    )

    result = train_reply(arguments)

    assert result.validation_sequences == 0
    assert math.isnan(result.loss_after)


def test_validation_files_take_the_place_of_the_share(tmp_path: Path, tiny_decoder: Path) -> None:
    from desktop_assistant.training.reply import train_reply

    held_back = DataFile(chats(tmp_path / "held_back.jsonl"), rows=3)
    arguments = arguments_for(tmp_path, tiny_decoder, validation=(held_back,), max_steps=1)

    result = train_reply(arguments)

    assert (result.training_sequences, result.validation_sequences) == (16, 3)


def test_data_without_a_word_of_an_agent_is_refused(tmp_path: Path, tiny_decoder: Path) -> None:
    from desktop_assistant.training.reply import train_reply

    path = chats(tmp_path / "empty.jsonl", answer="Your number is [number]")
    arguments = arguments_for(tmp_path, tiny_decoder, data=(DataFile(path),))

    with pytest.raises(RecordError, match="no agent turn"):
        train_reply(arguments)
