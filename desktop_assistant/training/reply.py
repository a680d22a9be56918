"""Fine-tune the decoder that writes replies: agent turns, given the conversation before them."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer

from desktop_assistant.errors import RecordError
from desktop_assistant.training.base_weights import resolve_base
from desktop_assistant.training.dataset import (
    IGNORED_TOKEN,
    cleaned,
    load,
    reply_sequences,
    split,
)
from desktop_assistant.training.loop import run, with_lora
from desktop_assistant.training_example import read_dialogues

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import PreTrainedTokenizerBase

    from desktop_assistant.training.arguments import TrainingArguments

log = logging.getLogger(__name__)

CALIBRATION_TOKENS = 12_000
"""What rounding looks at: some 45 s on two cores. Twice as much took the perplexity of the shipped
model from 27.5 to 27.2."""


@dataclass(frozen=True, slots=True)
class ReplyResult:
    """Where the merged model lies, and its loss (nats a token) on the validation conversations.

    ``calibration`` is a sample of the training sequences, for rounding the weights.
    """

    folder: Path
    base_name: str
    loss_before: float
    loss_after: float
    training_sequences: int
    validation_sequences: int
    calibration: list[list[int]] = field(repr=False)


def train_reply(arguments: TrainingArguments) -> ReplyResult:
    """Fine-tune, merge the adapters into the weights, and save a ``transformers`` folder.

    Raises: RecordError for unreadable data or data without agent turns; ModelError for a base
    that cannot be used.
    """
    arguments.save()
    base = resolve_base(arguments.base, arguments.out_dir.parent / "base_weights")
    tokenizer = AutoTokenizer.from_pretrained(base.folder)
    model = AutoModelForCausalLM.from_pretrained(base.folder, dtype=torch.float32)
    training, validation = _datasets(arguments, tokenizer)
    if arguments.method == "lora":
        model = with_lora(model, arguments)
    else:
        model.get_input_embeddings().weight.requires_grad_(requires_grad=False)
    pad_token = int(tokenizer.pad_token_id or 0)
    options: dict[str, Any] = {"collate": Collator(pad_token), "processing_class": tokenizer}
    loss_before = mean_loss(model, validation, Collator(pad_token), arguments.batch_size)
    trainer = run(ReplyTrainer, model, arguments, training, validation, **options)
    model = trainer.model
    loss_after = mean_loss(model, validation, Collator(pad_token), arguments.batch_size)
    merged = model.merge_and_unload() if arguments.method == "lora" else model
    folder = arguments.out_dir / "merged"
    merged.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    log.info("validation loss %.3f -> %.3f", loss_before, loss_after)
    return ReplyResult(
        folder,
        base.name,
        loss_before,
        loss_after,
        len(training),
        len(validation),
        _sample(training),
    )


def _sample(rows: Dataset) -> list[list[int]]:
    """Sequences from all over the data, ``CALIBRATION_TOKENS`` together at the most."""
    sample: list[list[int]] = []
    for row in rows.shuffle(seed=0):
        if sum(map(len, sample)) + len(row["input_ids"]) > CALIBRATION_TOKENS and sample:
            break
        sample.append(row["input_ids"])
    return sample


def _datasets(
    arguments: TrainingArguments, tokenizer: PreTrainedTokenizerBase
) -> tuple[Dataset, Dataset]:
    dialogues = load(arguments.data, read_dialogues, arguments.seed)
    if arguments.validation:
        training, held_back = dialogues, load(arguments.validation, read_dialogues, arguments.seed)
    else:
        training, held_back = split(
            dialogues, lambda dialogue: dialogue.group, arguments.validation_share
        )

    def features(part: list[Any]) -> Dataset:
        return Dataset.from_list(
            [
                sequence.as_features()
                for dialogue in part
                for sequence in reply_sequences(cleaned(dialogue), tokenizer, arguments.max_tokens)
            ]
        )

    training_set = features(training)
    if not len(training_set):
        message = "The data holds no agent turn to learn from."
        raise RecordError(message)
    return training_set, features(held_back)


@dataclass(frozen=True, slots=True)
class Collator:
    """Pads sequences to the longest of the batch: three int64 tensors (batch, tokens)."""

    pad_token: int

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        longest = max(len(row["input_ids"]) for row in rows)

        def padded(key: str, filler: int) -> torch.Tensor:
            return torch.tensor([row[key] + [filler] * (longest - len(row[key])) for row in rows])

        lengths = torch.tensor([len(row["input_ids"]) for row in rows])
        return {
            "input_ids": padded("input_ids", self.pad_token),
            "labels": padded("labels", IGNORED_TOKEN),
            "attention_mask": (torch.arange(longest)[None, :] < lengths[:, None]).long(),
        }


class ReplyTrainer(Trainer):
    """Computes logits only where the agent speaks: the output layer is 40 % of the cost."""

    def compute_loss(
        self,
        model: Any,  # noqa: ANN401  # peft wraps any model
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,  # noqa: FBT001, FBT002  # the Trainer's own signature
        num_items_in_batch: torch.Tensor | None = None,
    ) -> Any:  # noqa: ANN401  # the Trainer's own signature
        summed, count = agent_loss(self.accelerator.unwrap_model(model), inputs)
        loss = summed / (num_items_in_batch if num_items_in_batch is not None else count)
        return (loss, {"logits": loss[None].detach()}) if return_outputs else loss


def agent_loss(model: Any, inputs: dict[str, torch.Tensor]) -> tuple[torch.Tensor, int]:  # noqa: ANN401
    """Summed cross entropy in nats over the agent's tokens, and their number."""
    causal = model.get_base_model() if hasattr(model, "get_base_model") else model
    hidden = causal.model(
        input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], use_cache=False
    ).last_hidden_state
    targets = inputs["labels"][:, 1:]
    is_learnt = targets != IGNORED_TOKEN
    logits = causal.lm_head(hidden[:, :-1][is_learnt]).float()
    loss = torch.nn.functional.cross_entropy(logits, targets[is_learnt], reduction="sum")
    return loss, int(is_learnt.sum())


def mean_loss(model: Any, rows: Dataset, collate: Collator, batch_size: int) -> float:  # noqa: ANN401
    """Mean loss in nats over all agent tokens of ``rows``; NaN where there are none."""
    was_training = model.training
    model.eval()
    total, tokens = 0.0, 0
    with torch.inference_mode():
        for start in range(0, len(rows), batch_size):
            batch = collate([rows[i] for i in range(start, min(start + batch_size, len(rows)))])
            batch = {name: tensor.to(model.device) for name, tensor in batch.items()}
            loss, count = agent_loss(model, batch)
            total, tokens = total + float(loss), tokens + count
    model.train(was_training)
    return total / tokens if tokens else math.nan
