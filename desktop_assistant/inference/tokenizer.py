"""Text to token ids, from the tokenizer file that belongs to a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from tokenizers import Tokenizer

from desktop_assistant.errors import ModelError
from desktop_assistant.inference.registry import verified_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from desktop_assistant.inference.registry import ModelCard


def load_tokenizer(card: ModelCard) -> Tokenizer:
    """Read the model's ``tokenizer.json``. Raises: ModelError if it is damaged or malformed."""
    try:
        tokenizer = Tokenizer.from_str(verified_bytes(card, "tokenizer.json").decode("utf-8"))
    except ModelError:
        raise
    except Exception as exc:  # tokenizers raises plain Exception for every malformed file
        message = f"The tokenizer of the model {card.label} cannot be read: {exc}"
        raise ModelError(message) from exc
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def encode_batch(
    tokenizer: Tokenizer, texts: Sequence[str], max_tokens: int, pad_token: int
) -> dict[str, NDArray[np.int64]]:
    """Encode texts for one forward pass.

    Returns: ``input_ids`` and ``attention_mask``, both int64 (texts, longest). A text that is too
    long keeps its beginning and its last token, which closes the sequence.
    """
    rows = [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]
    rows = [row if len(row) <= max_tokens else [*row[: max_tokens - 1], row[-1]] for row in rows]
    longest = max(len(row) for row in rows)
    ids = np.full((len(rows), longest), pad_token, dtype=np.int64)
    mask = np.zeros((len(rows), longest), dtype=np.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row
        mask[index, : len(row)] = 1
    return {"input_ids": ids, "attention_mask": mask}
