"""From data files to a model folder that can be installed: train, export, compare, calibrate."""

from __future__ import annotations

import json
import logging
import shutil
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime as ort

from desktop_assistant.errors import ModelError
from desktop_assistant.inference.decoder import Decoder
from desktop_assistant.inference.retrieval import (
    VECTORS_FILE,
    EmbeddingStore,
    Retrieval,
    vectors_id,
)
from desktop_assistant.inference.session import Session
from desktop_assistant.inference.understanding import (
    INTENT,
    MAIN_HEADS,
    SENTIMENT,
    Understanding,
)
from desktop_assistant.pack import read_pack
from desktop_assistant.training.calibrate import fit_temperature
from desktop_assistant.training.card import amend_card, write_card
from desktop_assistant.training.dataset import cleaned, load, split
from desktop_assistant.training.from_onnx import restore
from desktop_assistant.training.parity import reply_parity, understanding_parity
from desktop_assistant.training.reply import train_reply
from desktop_assistant.training.to_onnx import export_reply, export_understanding
from desktop_assistant.training.understanding import Example, train_understanding
from desktop_assistant.training_example import read_dialogues

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from desktop_assistant.inference.registry import ModelCard, Registry
    from desktop_assistant.training.arguments import TrainingArguments
    from desktop_assistant.training_example import Dialogue

log = logging.getLogger(__name__)

PARITY_TEXTS = 200
RETRAINED_BITS = "8"


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """A finished run: ``card.folder`` is ready for ``Registry.import_model``."""

    card: ModelCard
    metrics: dict[str, Any]


def train(
    arguments: TrainingArguments, registry: Registry, pack_folder: Path | None = None
) -> TrainingReport:
    """Fine-tune, export through optimum, quantise, compare with torch, calibrate, write the card.

    Args:
        arguments: the run. Without a ``base`` it goes on from the task's active model.
        registry: gives that model, and the next free version.
        pack_folder: taxonomy and label map for the task ``understanding``.

    Raises: RecordError for unusable data, ModelError for an unusable base.
    """
    task = "reply" if arguments.task == "reply" else "understanding"
    name = arguments.extra.get("name", task)
    version = arguments.extra.get("version") or registry.next_version(name)
    arguments = _with_base(arguments, task, registry)
    folder = arguments.out_dir / "model"
    shutil.rmtree(folder, ignore_errors=True)
    about = {
        "name": name,
        "version": version,
        "task": task,
        "licence": arguments.extra.get("licence", "Apache-2.0"),
        "recipe": _recipe(arguments),
    }
    if task == "reply":
        return _train_reply(arguments, folder, about)
    return _train_understanding(arguments, folder, about, pack_folder)


def _train_reply(
    arguments: TrainingArguments, folder: Path, about: dict[str, Any]
) -> TrainingReport:
    result = train_reply(arguments)
    work_dir = arguments.out_dir / "export"
    bits = int(arguments.extra.get("bits", "4"))
    export_reply(result.folder, folder, work_dir, result.calibration, bits)
    card = write_card(
        folder,
        {
            **about,
            "languages": arguments.extra.get("languages", "en").split(","),
            "base": {"name": arguments.extra.get("base_name", result.base_name)},
            "quantisation": {"weights": f"{bits} bits, blocks of 32, rounded by GPTQ"},
            **_signature(folder),
            "metrics": {
                "validation_loss_before": _finite(result.loss_before),
                "validation_loss": _finite(result.loss_after),
                "validation_sequences": result.validation_sequences,
                "training_sequences": result.training_sequences,
            },
        },
    )
    decoder = Decoder(card, Session(card))
    parity = reply_parity(result.folder, decoder, _parity_dialogues(arguments))
    card = amend_card(card, {"parity": parity})
    shutil.rmtree(work_dir)
    return TrainingReport(card, {**card.metrics, "parity": parity})


def _train_understanding(
    arguments: TrainingArguments,
    folder: Path,
    about: dict[str, Any],
    pack_folder: Path | None,
) -> TrainingReport:
    taxonomy, label_map = _taxonomy(pack_folder) if arguments.task == "understanding" else ([], {})
    result = train_understanding(arguments, taxonomy=taxonomy, label_map=label_map)
    work_dir = arguments.out_dir / "export"
    export_understanding(result.folder, folder, work_dir)
    heads = {name: labels for name, labels in result.heads.items() if name in MAIN_HEADS}
    card = write_card(
        folder,
        {
            **about,
            "languages": ["en", "zh"],
            "base": {"name": arguments.extra.get("base_name", result.base_name)},
            "quantisation": {
                "weights": "linear layers 8 bits, embeddings 4 bits, in blocks of 32",
            },
            **_signature(folder),
            "labels": heads,
            "metrics": {"training_rows": result.rows, "validation_rows": len(result.validation)},
        },
    )
    model = Understanding(card, Session(card))
    texts = [example.text for example in result.validation][:PARITY_TEXTS]
    parity = understanding_parity(result.folder, model, texts) if texts else {}
    calibration, metrics = calibrated(model, result.validation)
    card = amend_card(
        card,
        {
            "parity": parity,
            "calibration": calibration,
            "metrics": {**card.metrics, **metrics},
        },
    )
    shutil.rmtree(work_dir)
    if pack_folder is not None:
        card = index_pack(card, model, pack_folder)
    return TrainingReport(card, {**card.metrics, "parity": parity})


def index_pack(card: ModelCard, model: Understanding, pack_folder: Path) -> ModelCard:
    """Put the embeddings of a pack's replies and articles beside the model that made them."""
    vectors = EmbeddingStore(model.embed, (), vectors_id(card))
    Retrieval(read_pack(pack_folder), vectors)
    vectors.save(card.folder / VECTORS_FILE)
    return amend_card(card, {})


def calibrated(
    model: Understanding, rows: Sequence[Example]
) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Temperatures by head and language, and accuracies, on held-back messages.

    Returns: the card's ``calibration``, and ``<head>_accuracy_<lang>`` with the number of rows.
    """
    logits = [model.logits(row.text) for row in rows]
    calibration: dict[str, dict[str, float]] = {}
    metrics: dict[str, float] = {}
    for head in (INTENT, SENTIMENT):
        ids = {label: index for index, label in enumerate(model.card.labels.get(head, ()))}
        for lang in ("en", "zh"):
            found = [
                (values[f"{head}_logits"], ids[row.targets[head]])
                for row, values in zip(rows, logits, strict=True)
                if row.lang == lang and row.targets.get(head) in ids
            ]
            if not found:
                continue
            stacked = np.stack([values for values, _ in found])
            labels = [label for _, label in found]
            calibration.setdefault(head, {})[lang] = fit_temperature(stacked, labels)
            right = float(np.mean(stacked.argmax(axis=1) == np.array(labels)))
            metrics[f"{head}_accuracy_{lang}"] = round(right, 4)
            metrics[f"{head}_rows_{lang}"] = len(labels)
    return calibration, metrics


def _with_base(arguments: TrainingArguments, task: str, registry: Registry) -> TrainingArguments:
    if arguments.base:
        return arguments
    try:
        card = registry.active(task)
    except ModelError as exc:
        message = f"train {arguments.task} needs --base: there is no installed model to go on from."
        raise ModelError(message) from exc
    restored = arguments.out_dir / "restored"
    if not (restored / "model.safetensors").exists():
        restore(card, restored)
    # The base keeps the name of what it was once made from, with the version it passed through.
    # Rounded to 4 bits a second time, a decoder loses most of what little data has taught it:
    # measured on 118 replies, perplexity 17.4 in torch became 26.1.
    extra = {"base_name": card.label, "bits": RETRAINED_BITS, **arguments.extra}
    return replace(arguments, base=str(restored), extra=extra)


def _taxonomy(pack_folder: Path | None) -> tuple[list[str], dict[str, dict[str, str]]]:
    if pack_folder is None:
        return [], {}
    groups = json.loads((pack_folder / "taxonomy.json").read_text("utf-8"))["intents"]
    map_file = pack_folder / "label_map.json"
    label_map = json.loads(map_file.read_text("utf-8")) if map_file.exists() else {}
    return [label for labels in groups.values() for label in labels], label_map


def _parity_dialogues(arguments: TrainingArguments) -> list[Dialogue]:
    dialogues = [cleaned(d) for d in load(arguments.data, read_dialogues, arguments.seed)]
    _, held_back = split(dialogues, lambda d: d.group, arguments.validation_share)
    return held_back or dialogues


def _signature(folder: Path) -> dict[str, list[str]]:
    options = ort.SessionOptions()
    options.log_severity_level = 4
    session = ort.InferenceSession(
        str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
    )
    return {
        "inputs": [value.name for value in session.get_inputs()],
        "outputs": [value.name for value in session.get_outputs()],
    }


def _recipe(arguments: TrainingArguments) -> dict[str, Any]:
    """The arguments as a card shows them: file names without the folders of this machine."""
    recipe = {
        name: value
        for name, value in asdict(arguments).items()
        if name not in {"data", "validation", "out_dir", "base", "extra"}
    }
    recipe["data"] = [_shown(file.path, file.rows, file.repeat) for file in arguments.data]
    return recipe


def _shown(path: Path, rows: int | None, repeat: int) -> str:
    name = "/".join(path.parts[-2:])
    if rows is not None:
        return f"{name}@{rows}"
    return f"{name}@{repeat}x" if repeat > 1 else name


def _finite(value: float) -> float:
    return round(value, 4) if np.isfinite(value) else -1.0
