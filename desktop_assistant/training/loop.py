"""The training loop that all tasks share: the ``Trainer`` of transformers, set up our way.

It brings what a run needs and we do not want to maintain: checkpoints to resume from, progress
bars with loss and time left, early stopping, warm-up, clipping, accumulation, mixed precision on a
GPU, TensorBoard logs.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import EarlyStoppingCallback, ProgressCallback, Trainer
from transformers import TrainingArguments as LoopArguments
from transformers.trainer_utils import get_last_checkpoint, set_seed

if TYPE_CHECKING:
    from collections.abc import Callable

    from datasets import Dataset
    from transformers import TrainerControl, TrainerState

    from desktop_assistant.training.arguments import TrainingArguments

log = logging.getLogger(__name__)


def run(
    trainer_class: type[Trainer],
    model: torch.nn.Module,
    arguments: TrainingArguments,
    training: Dataset,
    validation: Dataset,
    collate: Callable[[list[dict[str, Any]]], dict[str, torch.Tensor]],
    **trainer_options: Any,  # noqa: ANN401  # handed to the Trainer class as they are
) -> Trainer:
    """Train ``model``, keep the checkpoint with the lowest validation loss, and return the trainer.

    A run that was interrupted goes on from its newest checkpoint in ``arguments.out_dir``.
    """
    set_seed(arguments.seed)
    checkpoints = arguments.out_dir / "checkpoints"
    trainer = trainer_class(
        model=model,
        args=_loop_arguments(arguments, has_validation=len(validation) > 0),
        train_dataset=training,
        eval_dataset=validation if len(validation) else None,
        data_collator=collate,
        callbacks=(
            [EarlyStoppingCallback(early_stopping_patience=arguments.patience)]
            if len(validation)
            else []
        ),
        **trainer_options,
    )
    trainer.remove_callback(ProgressCallback)
    trainer.add_callback(_Progress)
    last = get_last_checkpoint(str(checkpoints)) if checkpoints.is_dir() else None
    if last:
        log.info("Resuming from %s", last)
    trainer.train(resume_from_checkpoint=last)
    return trainer


class _Progress(ProgressCallback):
    """The bar with loss and rate, all on standard error: standard output belongs to results."""

    def on_log(
        self,
        args: LoopArguments,  # noqa: ARG002  # the callback's own signature
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        logs: dict[str, Any] | None = None,
        **_: Any,  # noqa: ANN401
    ) -> None:
        if state.is_world_process_zero and self.training_bar is not None:
            shown = {name: value for name, value in (logs or {}).items() if name != "total_flos"}
            self.training_bar.write(str(shown), file=sys.stderr)


def with_lora(model: Any, arguments: TrainingArguments) -> Any:  # noqa: ANN401  # peft wraps any model
    """Freeze ``model`` and put low-rank adapters on all of its linear layers but the heads.

    Source: Hu et al. 2021, with adapters on every linear layer as in Dettmers et al. 2023.
    """
    return get_peft_model(
        model,
        LoraConfig(
            r=arguments.lora_rank,
            lora_alpha=arguments.lora_alpha,
            lora_dropout=arguments.lora_dropout,
            target_modules="all-linear",
            bias="none",
        ),
    )


def _loop_arguments(arguments: TrainingArguments, *, has_validation: bool) -> LoopArguments:
    has_gpu = torch.cuda.is_available()
    return LoopArguments(
        output_dir=str(arguments.out_dir / "checkpoints"),
        logging_dir=str(arguments.out_dir / "tensorboard"),
        num_train_epochs=arguments.epochs,
        max_steps=arguments.max_steps,
        per_device_train_batch_size=arguments.batch_size,
        per_device_eval_batch_size=arguments.batch_size * 2,
        gradient_accumulation_steps=arguments.accumulation_steps,
        learning_rate=arguments.learning_rate,
        lr_scheduler_type="linear",
        warmup_ratio=arguments.warmup_ratio,
        weight_decay=arguments.weight_decay,
        max_grad_norm=arguments.max_grad_norm,
        # On CPUs without bf16 units autocast is 40 times slower; on a GPU it halves the time.
        bf16=has_gpu and torch.cuda.is_bf16_supported(),
        fp16=has_gpu and not torch.cuda.is_bf16_supported(),
        group_by_length=True,
        length_column_name="length",
        eval_strategy="steps" if has_validation else "no",
        eval_steps=arguments.evaluation_steps,
        save_strategy="steps",
        save_steps=arguments.evaluation_steps,
        save_total_limit=2,
        load_best_model_at_end=has_validation,
        metric_for_best_model="eval_loss" if has_validation else None,
        greater_is_better=False,
        logging_steps=max(1, arguments.evaluation_steps // 10),
        report_to=["tensorboard"],
        remove_unused_columns=False,
        dataloader_pin_memory=has_gpu,
        label_names=["labels"],
        seed=arguments.seed,
    )
