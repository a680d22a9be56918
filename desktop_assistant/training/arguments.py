"""Every number of a training run, declared once and saved beside its result."""

from __future__ import annotations

import glob
import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from desktop_assistant.errors import RecordError

Method = Literal["lora", "full"]

_SHARE = re.compile(r"^(?P<path>.+)@(?P<count>\d+)(?P<times>x?)$")


@dataclass(frozen=True, slots=True)
class DataFile:
    """A training file and how much of it is used.

    Written ``FILE``, ``FILE@500`` (a random sample of 500 rows) or ``FILE@3x`` (three times over).
    """

    path: Path
    rows: int | None = None
    repeat: int = 1

    @classmethod
    def parse(cls, written: str) -> tuple[DataFile, ...]:
        """Read one argument; a pattern such as ``utterances/*.jsonl@2x`` names several files.

        Raises: RecordError if a pattern matches nothing.
        """
        match = _SHARE.match(written)
        if match is None or Path(written).exists():
            return tuple(cls(path) for path in _matching(written))
        count, paths = int(match["count"]), _matching(match["path"])
        if match["times"]:
            return tuple(cls(path, repeat=count) for path in paths)
        return tuple(cls(path, rows=count) for path in paths)


def _matching(written: str) -> list[Path]:
    if not any(sign in written for sign in "*?["):
        return [Path(written)]
    found = sorted(Path(name) for name in glob.glob(written))  # noqa: PTH207  # may be absolute
    if not found:
        message = f"No file matches {written}."
        raise RecordError(message)
    return found


@dataclass(frozen=True, slots=True)
class TrainingArguments:
    """One fine-tuning run.

    Attributes:
        task: what is trained, for example ``reply`` or ``understanding``.
        data: training files.
        out_dir: checkpoints, logs and the finished model go here; a second run resumes from it.
        base: hub id, model folder, or data file (see ``base_weights``).
        method: ``lora`` trains low-rank adapters on all linear layers, ``full`` every weight
            but the word embeddings.
        validation: files held back; without them ``validation_share`` of the conversations is.
        validation_share: share of the conversations held back, 0 to 0.5.
        epochs: passes over the data; ``max_steps`` above 0 ends earlier.
        batch_size: sequences a step; ``accumulation_steps`` of them make an update.
        learning_rate: peak rate of AdamW after the warm-up; falls linearly to zero.
        head_learning_rate: the same for newly initialised classification heads.
        warmup_ratio: share of the steps in which the rate rises.
        weight_decay: AdamW's decoupled decay.
        max_grad_norm: gradients are clipped to this L2 norm.
        label_smoothing: share of the probability given to wrong labels, classification only.
        lora_rank: rank of the adapters; ``lora_alpha`` scales them, ``lora_dropout`` regularises.
        max_tokens: longer sequences are cut, keeping the newest turns.
        evaluation_steps: updates between two looks at the validation split.
        patience: evaluations without improvement before the run stops.
        seed: of sampling, shuffling and initialisation.
    """

    task: str
    data: tuple[DataFile, ...]
    out_dir: Path
    base: str = ""
    method: Method = "lora"
    validation: tuple[DataFile, ...] = ()
    validation_share: float = 0.05
    epochs: float = 1.0
    max_steps: int = -1
    batch_size: int = 8
    accumulation_steps: int = 1
    learning_rate: float = 5e-4
    head_learning_rate: float = 2e-3
    warmup_ratio: float = 0.05
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    label_smoothing: float = 0.1
    lora_rank: int = 16
    lora_alpha: int = 32
    lora_dropout: float = 0.05
    max_tokens: int = 384
    evaluation_steps: int = 200
    patience: int = 4
    seed: int = 20
    extra: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.data:
            message = "train needs at least one --data FILE."
            raise RecordError(message)
        if not 0 <= self.validation_share <= 0.5:
            message = "The validation share must lie between 0 and 0.5."
            raise RecordError(message)

    def save(self) -> None:
        """Write ``training_arguments.json`` into ``out_dir``."""
        self.out_dir.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(self), indent=2, default=str, ensure_ascii=False)
        (self.out_dir / "training_arguments.json").write_text(text + "\n", "utf-8")
