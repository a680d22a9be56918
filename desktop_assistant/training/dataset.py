"""From files to token sequences: sampling, cleaning, and a split that keeps conversations whole."""

from __future__ import annotations

import hashlib
import random
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from desktop_assistant.inference.prompt import TURN_END, system_part, turn_head, turn_part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from transformers import PreTrainedTokenizerBase

    from desktop_assistant.conversation import Turn
    from desktop_assistant.training.arguments import DataFile
    from desktop_assistant.training_example import Dialogue

Row = TypeVar("Row")

IGNORED_TOKEN = -100
"""The label that torch's cross entropy leaves out."""

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\[[A-Za-z][A-Za-z0-9 /_-]*\]|<[A-Z_ ]+>")
_COMPANY = re.compile(
    r"\s*\[company(?: name)?\](?:'s)?(?: customer (?:support|service|care))?", re.I
)


def load(files: Iterable[DataFile], read: Callable[[Path], list[Row]], seed: int) -> list[Row]:
    """Read, sample and repeat the rows of several files.

    Raises: RecordError naming the file and line of the first bad record.
    """
    rows: list[Row] = []
    for file in files:
        found = read(file.path)
        if file.rows is not None and file.rows < len(found):
            found = random.Random(seed).sample(found, file.rows)
        rows.extend(found * file.repeat)
    return rows


def is_held_back(group: str, share: float) -> bool:
    """Whether a conversation belongs to the validation split.

    The answer depends on the conversation's id alone, so the same conversation never changes
    sides between two runs, however the files are ordered.
    """
    digest = hashlib.sha256(group.encode()).digest()
    return int.from_bytes(digest[:4], "big") < share * 2**32


def split(
    rows: Sequence[Row], group_of: Callable[[Row], str], share: float
) -> tuple[list[Row], list[Row]]:
    """Part rows into training and validation, a whole group on one side."""
    training = [row for row in rows if not is_held_back(group_of(row), share)]
    validation = [row for row in rows if is_held_back(group_of(row), share)]
    return training, validation


def cleaned(dialogue: Dialogue) -> Dialogue:
    """Replace the company placeholders of anonymised sets by words that fit everywhere."""
    turns = tuple(replace(turn, text=_clean(turn.text)) for turn in dialogue.turns)
    return replace(dialogue, turns=turns)


def _clean(text: str) -> str:
    text = re.sub(
        r"(contacting|choosing|reaching out to|reaching)" + _COMPANY.pattern,
        r"\1 us",
        text,
        flags=re.I,
    )
    return _COMPANY.sub(" our shop", text).replace("\r\n", "\n")


@dataclass(frozen=True, slots=True)
class ReplySequence:
    """Token ids of a dialogue and, in ``labels``, those that the model learns to say.

    Both have the same length; ``labels`` is ``IGNORED_TOKEN`` outside the agent's words.
    """

    input_ids: list[int]
    labels: list[int]

    def as_features(self) -> dict[str, Any]:
        return {
            "input_ids": self.input_ids,
            "labels": self.labels,
            "length": len(self.input_ids),
        }


def reply_sequences(
    dialogue: Dialogue, tokenizer: PreTrainedTokenizerBase, max_tokens: int
) -> list[ReplySequence]:
    """Write a dialogue down as the decoder sees it, in windows of at most ``max_tokens``.

    Agent turns are learnt, end-of-turn token included, of a single reply only the last one; turns
    that hold placeholders of an anonymised data set or of a redaction, or that run on for more
    than 120 words, only serve as context.
    """
    newest = len(dialogue.turns) - 1
    opening = _encode(tokenizer, system_part(dialogue.lang))
    windows: list[ReplySequence] = []
    ids, labels = list(opening), [IGNORED_TOKEN] * len(opening)
    for index, turn in enumerate(dialogue.turns):
        turn_ids, turn_labels = _turn_tokens(turn, tokenizer)
        if dialogue.is_single_reply and index < newest:
            turn_labels = [IGNORED_TOKEN] * len(turn_ids)
        if len(turn_ids) > max_tokens - len(opening):
            continue
        if len(ids) + len(turn_ids) > max_tokens:
            windows.append(ReplySequence(ids, labels))
            kept = max(max_tokens // 3 - len(opening), 0)
            ids = opening + (ids[-kept:] if kept else [])
            ids = ids if len(ids) + len(turn_ids) <= max_tokens else list(opening)
            labels = [IGNORED_TOKEN] * len(ids)
        ids = ids + turn_ids
        labels = labels + turn_labels
    windows.append(ReplySequence(ids, labels))
    return [window for window in windows if any(label >= 0 for label in window.labels)]


def _turn_tokens(turn: Turn, tokenizer: PreTrainedTokenizerBase) -> tuple[list[int], list[int]]:
    is_learnt = (
        turn.role == "agent"
        and not _PLACEHOLDER.search(turn.text)
        and 0 < len(turn.text.split()) <= 120
    )
    if not is_learnt:
        ids = _encode(tokenizer, turn_part(turn))
        return ids, [IGNORED_TOKEN] * len(ids)
    head = _encode(tokenizer, turn_head(turn.role))
    said = _encode(tokenizer, turn.text.strip() + TURN_END)
    tail = _encode(tokenizer, "\n")
    labels = [IGNORED_TOKEN] * len(head) + said + [IGNORED_TOKEN] * len(tail)
    return head + said + tail, labels


def _encode(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids
