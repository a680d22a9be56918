"""Fine-tune the encoder that understands messages: all heads together, or one of them.

A file's rows say by their labels which head they teach: negative, neutral and positive teach
sentiment; labels of the taxonomy teach intent; every other label set teaches a head of its own
that helps the encoder while training and is left out of the export.
"""

from __future__ import annotations

import logging
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from datasets import Dataset
from torch import nn
from transformers import AutoTokenizer, Trainer

from desktop_assistant.conversation import language_of
from desktop_assistant.errors import RecordError
from desktop_assistant.inference.understanding import (
    INTENT,
    MAIN_HEADS,
    SENTIMENT,
    query_text,
)
from desktop_assistant.training.base_weights import resolve_base
from desktop_assistant.training.dataset import IGNORED_TOKEN, is_held_back, load
from desktop_assistant.training.loop import run, with_lora
from desktop_assistant.training.understanding_model import (
    UnderstandingModel,
    from_encoder,
    known_heads,
)
from desktop_assistant.training_example import SENTIMENTS, read_records

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from transformers import PreTrainedTokenizerBase

    from desktop_assistant.training.arguments import TrainingArguments

log = logging.getLogger(__name__)

DISTILLATION_WEIGHT = 4.0
"""Weight of keeping the embedding where the base model had it, in units of cosine distance."""


@dataclass(frozen=True, slots=True)
class Example:
    """A message with what is known of it: head name to label."""

    text: str
    lang: str
    group: str
    targets: dict[str, str]


@dataclass(frozen=True, slots=True)
class UnderstandingResult:
    """A finished run: where the model lies, its labels, and what it was trained on."""

    folder: Path
    base_name: str
    heads: dict[str, list[str]]
    rows: dict[str, int]
    validation: list[Example] = field(repr=False)


def train_understanding(
    arguments: TrainingArguments,
    *,
    taxonomy: Sequence[str] = (),
    label_map: dict[str, dict[str, str]] | None = None,
) -> UnderstandingResult:
    """Fine-tune and save a ``transformers`` folder with the best checkpoint's weights.

    Args:
        arguments: ``task`` is ``understanding``, ``intent`` or ``sentiment``; the last two
            train that head alone.
        taxonomy: labels of the intent head; empty takes all intent labels of the data.
        label_map: for a row's source, its labels in terms of the taxonomy.

    Raises: RecordError for unreadable data or data without labels; ModelError for a base that
    cannot be used.
    """
    arguments.save()
    base = resolve_base(arguments.base, arguments.out_dir.parent / "base_weights")
    tokenizer = AutoTokenizer.from_pretrained(base.folder)
    reader = ExampleReader(frozenset(taxonomy), label_map or {}, arguments.task)
    examples = load(arguments.data, reader.read, arguments.seed)
    if arguments.validation:
        held_back = load(arguments.validation, reader.read, arguments.seed)
    else:
        share = arguments.validation_share
        held_back = [e for e in examples if is_held_back(e.group, share)]
        examples = [e for e in examples if not is_held_back(e.group, share)]
    heads = _with_known(_heads(examples, taxonomy), known_heads(base.folder))
    held_back = [e for e in held_back if any(_has(heads, n, e.targets[n]) for n in e.targets)]
    model = from_encoder(base.folder, heads)
    if arguments.method == "lora":
        model.bert = with_lora(model.bert, arguments)
    else:
        model.bert.get_input_embeddings().weight.requires_grad_(requires_grad=False)
    encode = FeatureMaker(tokenizer, heads, arguments.max_tokens)
    training = Dataset.from_list([encode(example) for example in examples])
    validation = Dataset.from_list([encode(example) for example in held_back])
    teacher = _Teacher(model, tokenizer, arguments)
    trainer = run(
        UnderstandingTrainer,
        model,
        arguments,
        teacher.annotate(training, [e.text for e in examples]),
        validation,
        Collator(int(tokenizer.pad_token_id), tuple(heads), model.config.hidden_size),
        heads=tuple(heads),
        rates=arguments,
    )
    folder = arguments.out_dir / "merged"
    _save(trainer.model, folder, arguments)
    tokenizer.save_pretrained(folder)
    rows = Counter(name for example in examples for name in example.targets)
    return UnderstandingResult(folder, base.name, heads, dict(rows), held_back)


@dataclass(frozen=True, slots=True)
class ExampleReader:
    """Reads files of the intent and sentiment kinds, mixed as they come."""

    taxonomy: frozenset[str]
    label_map: dict[str, dict[str, str]]
    task: str

    def read(self, path: Path) -> list[Example]:
        """Raises: RecordError naming the file and line."""
        return [
            example
            for record in read_records(path)
            if (example := self._example(record, path)) is not None
        ]

    def _example(self, record: dict[str, Any], path: Path) -> Example | None:
        text, label = record.get("text"), record.get("label")
        if not isinstance(text, str) or not isinstance(label, str):
            message = f"{path}: every line needs a text and a label."
            raise RecordError(message)
        source = str(record.get("source") or path.stem)
        targets = self._targets(label, source)
        mood = record.get("sentiment")
        if mood in SENTIMENTS:
            targets[SENTIMENT] = mood
        wanted = {INTENT: {INTENT}, SENTIMENT: {SENTIMENT}}.get(self.task)
        kept = {n: t for n, t in targets.items() if wanted is None or n in wanted}
        group = str(record.get("dialogue") or record.get("doc") or text)
        lang = str(record.get("lang") or language_of(text))
        return Example(text, lang, f"{source}/{group}", kept) if kept else None

    def _targets(self, label: str, source: str) -> dict[str, str]:
        if label in SENTIMENTS:
            return {SENTIMENT: label}
        if not self.taxonomy or label in self.taxonomy:
            return {INTENT: label}
        mapped = self.label_map.get(source, {}).get(label)
        if mapped:
            return {INTENT: mapped}
        return {head_name(source): label} if self.task == "understanding" else {}


def head_name(source: str) -> str:
    """A name for the head of a data set: torch refuses dots, and names that modules use already.

    "train.jsonl" gives "train_jsonl", and "train" gives "train_labels".
    """
    name = re.sub(r"\W", "_", source)
    return f"{name}_labels" if hasattr(nn.ModuleDict, name) else name


class FeatureMaker:
    """Turns examples into rows of token ids and label ids."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, heads: dict[str, list[str]], max_tokens: int
    ) -> None:
        self._tokenizer = tokenizer
        self._ids = {
            name: {label: index for index, label in enumerate(labels)}
            for name, labels in heads.items()
        }
        self._max_tokens = max_tokens

    def __call__(self, example: Example) -> dict[str, Any]:
        ids = self._tokenizer(
            query_text(example.text), truncation=True, max_length=self._max_tokens
        )["input_ids"]
        targets = {
            name: known.get(example.targets.get(name, ""), IGNORED_TOKEN)
            for name, known in self._ids.items()
        }
        return {"input_ids": ids, "length": len(ids), "labels": list(targets.values())}


@dataclass(frozen=True, slots=True)
class Collator:
    """Pads to the longest text of a batch.

    ``labels`` is int64 (batch, heads), ``teacher`` float32 (batch, width); rows without a
    teacher's embedding hold zeros there.
    """

    pad_token: int
    heads: tuple[str, ...]
    width: int

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        longest = max(len(row["input_ids"]) for row in rows)
        lengths = torch.tensor([len(row["input_ids"]) for row in rows])
        ids = [
            row["input_ids"] + [self.pad_token] * (longest - len(row["input_ids"])) for row in rows
        ]
        teacher = [row.get("teacher") or [0.0] * self.width for row in rows]
        return {
            "input_ids": torch.tensor(ids),
            "attention_mask": (torch.arange(longest)[None, :] < lengths[:, None]).long(),
            "labels": torch.tensor([row["labels"] for row in rows]),
            "teacher": torch.tensor(teacher),
        }


class UnderstandingTrainer(Trainer):
    """Sums the heads' cross entropies and keeps the embedding near the base model's.

    Source of the second: embedding distillation as in Reimers and Gurevych 2020, here from the
    model to its own untouched self, so that search keeps working in both languages.
    """

    optimizer: torch.optim.Optimizer | None

    def __init__(
        self,
        *args: Any,  # noqa: ANN401  # the Trainer's own
        heads: tuple[str, ...],
        rates: TrainingArguments,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(*args, **kwargs)
        self._heads = heads
        self._arguments = rates

    def compute_loss(
        self,
        model: Any,  # noqa: ANN401
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,  # noqa: FBT001, FBT002  # the Trainer's own signature
        num_items_in_batch: torch.Tensor | None = None,  # noqa: ARG002
    ) -> Any:  # noqa: ANN401
        outputs = model(inputs["input_ids"], inputs["attention_mask"])
        rows = inputs["labels"].shape[0]
        loss = outputs["embedding"].new_zeros(())
        for column, name in enumerate(self._heads):
            targets = inputs["labels"][:, column]
            logits = outputs.get(f"{name}_logits")
            if logits is None or not bool((targets >= 0).any()):
                continue
            loss = (
                loss
                + nn.functional.cross_entropy(
                    logits,
                    targets,
                    ignore_index=IGNORED_TOKEN,
                    reduction="sum",
                    label_smoothing=self._arguments.label_smoothing if model.training else 0.0,
                )
                / rows
            )
        has_teacher = inputs["teacher"].abs().sum(1) > 0
        if model.training and bool(has_teacher.any()):
            cosine = (outputs["embedding"] * inputs["teacher"]).sum(1)[has_teacher]
            loss = loss + DISTILLATION_WEIGHT * (1 - cosine).sum() / rows
        return (loss, {"logits": loss[None].detach()}) if return_outputs else loss

    def create_optimizer(self) -> torch.optim.Optimizer:
        """AdamW with a higher rate for what starts from nothing, and no decay on vectors."""
        if self.optimizer is None:
            groups: dict[tuple[float, float], list[nn.Parameter]] = defaultdict(list)
            for name, parameter in self.model.named_parameters():
                if parameter.requires_grad:
                    is_head = name.startswith(("heads.", "projection."))
                    rate = (
                        self._arguments.head_learning_rate
                        if is_head
                        else self._arguments.learning_rate
                    )
                    decay = self._arguments.weight_decay if parameter.ndim > 1 else 0.0
                    groups[rate, decay].append(parameter)
            self.optimizer = torch.optim.AdamW(
                [
                    {"params": parameters, "lr": rate, "weight_decay": decay}
                    for (rate, decay), parameters in groups.items()
                ]
            )
        return self.optimizer


class _Teacher:
    """Remembers what the untouched encoder says of a text; computed once and kept on disk."""

    def __init__(
        self,
        model: UnderstandingModel,
        tokenizer: PreTrainedTokenizerBase,
        arguments: TrainingArguments,
    ) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._rows = int(arguments.extra.get("teacher_rows", "6000"))
        self._cache = arguments.out_dir / "teacher.pt"

    def annotate(self, rows: Dataset, texts: list[str]) -> Dataset:
        """Add ``teacher`` to a sample of the rows, chosen by the texts themselves."""
        threshold = min(1.0, self._rows / max(len(texts), 1))
        chosen = {text for text in texts if is_held_back(f"teacher/{text}", threshold)}
        known = self._read()
        missing = sorted(chosen - known.keys(), key=len)
        was_training = self._model.training
        self._model.eval()
        for start in range(0, len(missing), 64):
            batch = missing[start : start + 64]
            encoded = self._tokenizer(
                [query_text(text) for text in batch],
                truncation=True,
                max_length=128,
                padding=True,
                return_tensors="pt",
            )
            # Not only the pooled vector: a base that was trained before has a projection.
            with torch.inference_mode():
                said = self._model(encoded["input_ids"], encoded["attention_mask"])
            known.update(zip(batch, said["embedding"].tolist(), strict=True))
        self._model.train(was_training)
        self._write(known)
        return rows.add_column("teacher", [known[t] if t in chosen else None for t in texts])

    def _read(self) -> dict[str, list[float]]:
        if not self._cache.exists():
            return {}
        stored = torch.load(self._cache, weights_only=True)
        return dict(zip(stored["texts"], stored["vectors"].tolist(), strict=True))

    def _write(self, known: dict[str, list[float]]) -> None:
        self._cache.parent.mkdir(parents=True, exist_ok=True)
        vectors = torch.tensor(list(known.values()))
        torch.save({"texts": list(known), "vectors": vectors}, self._cache)


def _heads(examples: Iterable[Example], taxonomy: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for example in examples:
        for name, label in example.targets.items():
            found[name].add(label)
    heads = {name: sorted(labels) for name, labels in found.items()}
    if INTENT in heads and taxonomy:
        heads[INTENT] = list(taxonomy)
    if SENTIMENT in heads:
        heads[SENTIMENT] = list(SENTIMENTS)
    if not heads:
        message = "The data holds no label to learn."
        raise RecordError(message)
    return heads


def _with_known(heads: dict[str, list[str]], known: dict[str, list[str]]) -> dict[str, list[str]]:
    """Keep the heads of the base: those without new data, and those whose labels suffice.

    A run on corrections, which name only some of the labels, must not forget the others.
    """
    kept = {name: labels for name, labels in known.items() if name in MAIN_HEADS}
    grown = {
        name: labels
        for name, labels in heads.items()
        if name not in kept or not set(labels) <= set(kept[name])
    }
    return {**kept, **grown}


def _has(heads: dict[str, list[str]], name: str, label: str) -> bool:
    return label in heads.get(name, ())


def _save(model: UnderstandingModel, folder: Path, arguments: TrainingArguments) -> None:
    if arguments.method == "lora":
        model.bert = model.bert.merge_and_unload()
    model.save_pretrained(folder)
