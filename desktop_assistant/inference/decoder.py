"""The decoder at work: a key-value cache that is rewound and extended, never recomputed.

The exported graph has fused grouped-query attention and writes new keys and values into the same
buffers that it reads the old ones from, so a step copies nothing. The buffers of the last few
conversations are kept; the one used longest ago goes.
"""

from __future__ import annotations

import bisect
from collections import OrderedDict
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime as ort

from desktop_assistant.errors import ModelError
from desktop_assistant.inference.session import RUNTIME_ERRORS, Session
from desktop_assistant.inference.tokenizer import load_tokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from desktop_assistant.inference.registry import ModelCard

CACHE_TOKENS = 640
"""Longest prompt and answer together; a buffer of it takes 29 MB for SmolLM2-135M."""

KEPT_CONVERSATIONS = 3
LOGITS = "logits"


class KeyValueCache:
    """Keys and values of one token sequence: buffers float32 (1, heads, CACHE_TOKENS, width)."""

    def __init__(self, buffers: dict[str, Any]) -> None:
        self.buffers = buffers
        self.tokens: list[int] = []

    def shared_prefix(self, tokens: Sequence[int]) -> int:
        """How many tokens at the beginning of ``tokens`` need no computing."""
        shared = 0
        for known, wanted in zip(self.tokens, tokens, strict=False):
            if known != wanted:
                break
            shared += 1
        return shared


class _Spellings:
    """The vocabulary as text, sorted for looking up what a beginning can become."""

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts
        self._order = sorted(range(len(texts)), key=texts.__getitem__)
        self._sorted = [texts[token] for token in self._order]

    def agreeing(self, text: str) -> list[int]:
        first = bisect.bisect_left(self._sorted, text)
        last = bisect.bisect_left(self._sorted, text + "\U0010ffff")
        longer = self._order[first:last]
        shorter = [token for end in range(1, len(text)) for token in self._spelt(text[:end])]
        return longer + shorter

    def _spelt(self, text: str) -> list[int]:
        first = bisect.bisect_left(self._sorted, text)
        last = bisect.bisect_right(self._sorted, text)
        return self._order[first:last]


class Decoder:
    """A causal language model with warm caches by conversation. Engine thread only.

    The graph takes ``input_ids`` int64 (1, new tokens), ``attention_mask`` int64 (1, all tokens)
    and ``past_key_values.N.key|value``; it gives ``logits`` float32 (1, 1, vocabulary) of the last
    position and ``present.N.key|value`` in the same buffers.

    Raises: ModelError if a file is missing, damaged or foreign.
    """

    def __init__(self, card: ModelCard, session: Session) -> None:
        self.card = card
        self.session = session
        self.tokenizer = load_tokenizer(card)
        self.languages: tuple[str, ...] = tuple(card.raw.get("languages", ("en",)))
        self.vocabulary_size: int = self.tokenizer.get_vocab_size()
        self._past_names = [n for n in session.input_names if n.startswith("past_key_values.")]
        if not self._past_names:
            message = f"The model {card.label} has no key-value cache, so it cannot write replies."
            raise ModelError(message)
        shape = session.input_shape(self._past_names[0])
        self._heads, self._width = int(shape[1]), int(shape[3])
        self._caches: OrderedDict[str, KeyValueCache] = OrderedDict()

    def encode(self, text: str) -> list[int]:
        # Half of a surrogate pair, which JSON can hold, is no text to the tokenizer.
        text = text.encode("utf-8", "ignore").decode("utf-8")
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def decode(self, tokens: Sequence[int]) -> str:
        return str(self.tokenizer.decode(list(tokens), skip_special_tokens=True))

    @property
    def token_texts(self) -> list[str]:
        """What each token adds to a text, by id; made on first use, in some 100 ms."""
        return self._spellings.texts

    def tokens_agreeing(self, text: str) -> list[int]:
        """Tokens that begin with ``text``, or that ``text`` begins with."""
        return self._spellings.agreeing(text)

    @cached_property
    def _spellings(self) -> _Spellings:
        ids = [[token] for token in range(self.vocabulary_size)]
        return _Spellings(self.tokenizer.decode_batch(ids, skip_special_tokens=True))

    def cache(self, conversation_id: str) -> KeyValueCache:
        """The conversation's cache, new or as it was left."""
        cache = self._caches.pop(conversation_id, None)
        if cache is None:
            while len(self._caches) >= KEPT_CONVERSATIONS:
                self._caches.popitem(last=False)
            cache = self._new_cache()
        self._caches[conversation_id] = cache
        return cache

    def next_logits(self, cache: KeyValueCache, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Logits, float32 (vocabulary,), of what follows ``tokens``.

        Only what ``cache`` does not hold yet is computed; what it holds beyond is forgotten.

        Raises: ValueError if there are no tokens, or ``CACHE_TOKENS`` of them or more.
        """
        if not 0 < len(tokens) < CACHE_TOKENS:
            message = f"{len(tokens)} tokens do not fit a cache of {CACHE_TOKENS}."
            raise ValueError(message)
        start = min(cache.shared_prefix(tokens), len(tokens) - 1)
        try:
            logits = self._forward(cache, tokens, start)
        except RUNTIME_ERRORS as exc:
            self.session.move_to_cpu(exc)
            cache.buffers = self._new_cache().buffers
            logits = self._forward(cache, tokens, 0)
        cache.tokens = list(tokens)
        return logits

    def _forward(
        self, cache: KeyValueCache, tokens: Sequence[int], start: int
    ) -> NDArray[np.float32]:
        cache.tokens = cache.tokens[:start]
        binding = self.session.io_binding()
        binding.bind_cpu_input("input_ids", np.array([tokens[start:]], dtype=np.int64))
        binding.bind_cpu_input("attention_mask", np.ones((1, len(tokens)), dtype=np.int64))
        for name in self._past_names:
            buffer = cache.buffers[name]
            binding.bind_ortvalue_input(name, buffer)
            binding.bind_ortvalue_output(name.replace("past_key_values", "present"), buffer)
        binding.bind_output(LOGITS, "cpu")
        self.session.run_bound(binding)
        logits: NDArray[np.float32] = binding.get_outputs()[-1].numpy()[0, -1]
        # Some models pad their output layer beyond the last token.
        return logits[: self.vocabulary_size]

    def _new_cache(self) -> KeyValueCache:
        shape = (1, self._heads, CACHE_TOKENS, self._width)
        return KeyValueCache(
            {
                name: ort.OrtValue.ortvalue_from_numpy(np.zeros(shape, dtype=np.float32))
                for name in self._past_names
            }
        )
