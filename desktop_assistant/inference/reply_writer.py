"""Writing a reply word by word, and knowing how sure each word was."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from desktop_assistant.conversation import visible_text
from desktop_assistant.inference.decoder import CACHE_TOKENS
from desktop_assistant.inference.prompt import TURN_END, system_part, turn_head, turn_part
from desktop_assistant.suggestion import open_variables, unsupported_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from desktop_assistant.conversation import Turn
    from desktop_assistant.inference.decoder import Decoder

MAX_REPLY_TOKENS = 64
_SENTENCE_END = re.compile(r"[.!?]+\s*")
SANE_CONFIDENCE = 0.35
"""On held-out chats, what was written with less was mostly off the point."""

REPEATED_OPENING_CHARS = 12
REPEATED_PAIRS = 3
"""Two words that stand together this often in so short a text have become a tic."""

FILLABLE_VARIABLES = frozenset(
    {
        "customer_name",
        "agent_name",
        "order_number",
        "product",
        "amount",
        "date",
        "tracking_number",
        "address",
        "email",
        "shop_name",
        "carrier",
    }
)

REPEATED_TOKENS = 6
"""A reply that says this many tokens in a row a second time has lost its thread."""


@dataclass(frozen=True, slots=True)
class WrittenReply:
    """``confidence`` is the geometric mean of the tokens' probabilities, 0 to 1."""

    text: str
    confidence: float
    is_finished: bool


def prompt_tokens(decoder: Decoder, turns: Sequence[Turn], lang: str, room: int) -> list[int]:
    """The prompt for the agent's next words, with the newest turns that fit.

    Args:
        decoder: whose tokens are meant.
        turns: the conversation, oldest first.
        lang: chooses the system part.
        room: tokens to leave free behind the prompt.
    """
    opening = decoder.encode(system_part(lang))
    ending = decoder.encode(turn_head("agent"))
    budget = CACHE_TOKENS - room - len(opening) - len(ending)
    body: list[int] = []
    for turn in reversed(turns):
        tokens = decoder.encode(turn_part(_visible(turn)))
        if len(tokens) > budget // 2 and not body:
            tokens = tokens[-(budget // 2) :]
        if len(body) + len(tokens) > budget:
            break
        body = tokens + body
    return opening + body + ending


def write_reply(
    decoder: Decoder,
    conversation_id: str,
    turns: Sequence[Turn],
    lang: str,
    is_cancelled: Callable[[], bool],
    avoid_first: frozenset[int] = frozenset(),
) -> tuple[WrittenReply, int] | None:
    """Write one reply greedily; None if cancelled.

    Args:
        decoder: the model.
        conversation_id: whose warm cache is used.
        turns: the conversation; the last turn is the customer's.
        lang: chooses the system part of the prompt.
        is_cancelled: asked before every token.
        avoid_first: tokens that the reply must not begin with, to get another reply.

    Returns: the reply, and its first token.
    """
    cache = decoder.cache(conversation_id)
    tokens = prompt_tokens(decoder, turns, lang, MAX_REPLY_TOKENS)
    end = decoder.tokenizer.token_to_id(TURN_END)
    written: list[int] = []
    log_probability, is_finished = 0.0, False
    while len(written) < MAX_REPLY_TOKENS and not is_finished and not _repeats(written):
        if is_cancelled():
            return None
        logits = decoder.next_logits(cache, tokens + written)
        if not written:
            logits = _without(logits, {*avoid_first, end})
        token = int(np.argmax(logits))
        log_probability += log_softmax_at(logits, token)
        is_finished = token == end
        if token != end:
            written.append(token)
    said = written[:-REPEATED_TOKENS] if _repeats(written) else written
    text = decoder.decode(said).strip()
    text = text if is_finished else _whole_sentences(text)
    confidence = math.exp(log_probability / (len(written) + 1))
    return WrittenReply(text, confidence, is_finished), written[0]


def is_sane(reply: WrittenReply, turns: Sequence[Turn]) -> bool:
    """Whether a reply may be shown: sure enough, without invented facts, not saying things twice.

    A variable in braces is an invention too if it is none that agents fill.
    """
    sentences = [part.strip() for part in _SENTENCE_END.split(reply.text) if part.strip()]
    openings = [sentence[:REPEATED_OPENING_CHARS].casefold() for sentence in sentences]
    return (
        bool(reply.text)
        and reply.confidence >= SANE_CONFIDENCE
        and len(set(openings)) == len(openings)
        and _most_repeated_pair(reply.text) < REPEATED_PAIRS
        and not set(open_variables(reply.text)) - FILLABLE_VARIABLES
        and not unsupported_facts(reply.text, (turn.text for turn in turns))
    )


def _most_repeated_pair(text: str) -> int:
    words = re.findall(r"[\w']+", text.casefold())
    return max(Counter(pairwise(words)).values(), default=0)


def log_softmax_at(logits: NDArray[np.float32], token: int) -> float:
    """Natural logarithm of one token's probability; ``logits`` is float32 (vocabulary,)."""
    top = float(logits.max())
    return float(logits[token]) - top - math.log(float(np.exp(logits - top).sum()))


def _without(logits: NDArray[np.float32], tokens: set[int]) -> NDArray[np.float32]:
    kept = logits.copy()
    kept[list(tokens)] = -np.inf
    return kept


def _repeats(written: Sequence[int]) -> bool:
    tail = written[-REPEATED_TOKENS:]
    earlier = written[:-REPEATED_TOKENS]
    return len(tail) == REPEATED_TOKENS and any(
        earlier[start : start + REPEATED_TOKENS] == tail for start in range(len(earlier))
    )


def _whole_sentences(text: str) -> str:
    end = max(text.rfind(mark) for mark in ".!?。！？")
    return text[: end + 1] if end > 0 else text


def _visible(turn: Turn) -> Turn:
    text = visible_text(turn.text)
    # A customer who writes the tokens that part turns must not be able to open one.
    return type(turn)(turn.role, text.replace("<|", "< |"))
