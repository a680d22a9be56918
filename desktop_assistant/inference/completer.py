"""The cascade behind the grey text: phrases first, then the decoder held to what was typed.

Type-through of what is shown already happens in the composer and needs no engine.
"""

from __future__ import annotations

import bisect
import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from desktop_assistant.completion import (
    Completion,
    CompletionKind,
    NoCompletion,
    bounded,
)
from desktop_assistant.conversation import language_of
from desktop_assistant.inference.prompt import TURN_END
from desktop_assistant.inference.reply_writer import prompt_tokens
from desktop_assistant.suggestion import fill_variables, unsupported_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from desktop_assistant.conversation import Turn
    from desktop_assistant.inference.decoder import Decoder

FIRST_WORD_PROBABILITY = 0.5
NEXT_WORD_PROBABILITY = 0.5
"""Thresholds from the measured starting point: half is where wrong shows stay near 15 % of keys."""

MAX_NEW_TOKENS = 12
MAX_DRAFT_TOKENS = 160
MIN_PHRASE_PREFIX = {"en": 8, "zh": 3}
"""Characters of a sentence to be typed before a phrase is offered."""

USUAL_COUNT = 2
"""How often a sentence was sent before it is one of the team's phrases."""

_SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]*")
_LAST_WORD = re.compile(r"\s?\S*$")


class PhraseIndex:
    """Sentences that were written before, found by how they begin.

    Sorted once, searched by bisection: under a millisecond for 100,000 sentences.

    Args:
        written: texts for everyone: canned replies, model conversations.
        sent: what agents sent. A sentence of theirs counts from the second time on, and never
            with a number or an address in it: one customer's data must not be offered to another.
    """

    def __init__(self, written: Iterable[str], sent: Iterable[str] = ()) -> None:
        self._written = frozenset(_sentences(written))
        self._sent = Counter(s for s in _sentences(sent) if not unsupported_facts(s, ()))
        self._sort()

    def with_sent(self, texts: Iterable[str]) -> PhraseIndex:
        """A new index that knows more of what was sent."""
        index = PhraseIndex((), texts)
        index._written = self._written
        index._sent += self._sent
        index._sort()
        return index

    def _sort(self) -> None:
        usual = {sentence for sentence, count in self._sent.items() if count >= USUAL_COUNT}
        self._phrases = sorted(self._written | usual, key=str.casefold)
        self._keys = [sentence.casefold() for sentence in self._phrases]

    def completion(self, draft: str) -> str:
        """How the draft's last sentence goes on, if all sentences that begin so agree; else "".

        Where several sentences fit, only what they share is completed, word by word.
        """
        begun = re.split(r"[.!?。！？\n]\s*", draft)[-1].lstrip()
        if len(begun) < MIN_PHRASE_PREFIX[language_of(begun)]:
            return ""
        key = begun.casefold()
        start = bisect.bisect_left(self._keys, key)
        end = bisect.bisect_left(self._keys, key + "\U0010ffff")
        # Folding may change the length ("ß" is "ss"), and then the rest begins elsewhere.
        rests = [
            sentence[len(begun) :]
            for sentence in self._phrases[start:end]
            if sentence[: len(begun)].casefold() == key
        ]
        return _shared_words(rests)


def _sentences(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for match in _SENTENCE.finditer(text):
            sentence = match[0].strip()
            if len(sentence) >= min(MIN_PHRASE_PREFIX.values()) * 2:
                yield sentence


class Completer:
    """Completes a draft within one conversation. Engine thread only."""

    def __init__(self, decoder: Decoder | None, phrases: PhraseIndex) -> None:
        self._decoder = decoder
        self._phrases = phrases

    def learn(self, texts: Iterable[str]) -> None:
        """Make sentences that were sent completable."""
        self._phrases = self._phrases.with_sent(texts)

    def complete(
        self,
        conversation_id: str,
        turns: Sequence[Turn],
        draft: str,
        values: Mapping[str, str],
        is_cancelled: Callable[[], bool],
    ) -> Completion:
        """What follows ``draft``, or why nothing does; ``latency_ms`` is left to the caller."""
        if not draft.strip() or draft.endswith("\n"):
            return Completion.none(NoCompletion.EMPTY_DRAFT)
        phrase = fill_variables(self._phrases.completion(draft), values)
        phrase = bounded(phrase.split("{", 1)[0])
        if phrase.strip():
            return Completion(phrase, CompletionKind.PHRASE, source="phrases", score=1.0)
        if self._decoder is None:
            return Completion.none(NoCompletion.NO_MODEL)
        lang = language_of(draft)
        if lang not in self._decoder.languages:
            return Completion.none(NoCompletion.LANGUAGE)
        return self._generate(self._decoder, conversation_id, turns, draft, is_cancelled)

    def _generate(
        self,
        decoder: Decoder,
        conversation_id: str,
        turns: Sequence[Turn],
        draft: str,
        is_cancelled: Callable[[], bool],
    ) -> Completion:
        typed_on = _LAST_WORD.search(draft)
        begun = typed_on[0] if typed_on else ""
        settled = draft[: len(draft) - len(begun)]
        prompt = prompt_tokens(
            decoder, turns, language_of(draft), MAX_DRAFT_TOKENS + MAX_NEW_TOKENS
        )
        tokens = prompt + decoder.encode(settled)[-MAX_DRAFT_TOKENS:]
        search = _ConstrainedSearch(decoder, conversation_id, tokens, begun)
        text, score = search.run(is_cancelled)
        if is_cancelled():
            return Completion.none(NoCompletion.CANCELLED)
        text = bounded(text)
        if not text.strip():
            return Completion.none(NoCompletion.UNSURE)
        return Completion(text, CompletionKind.GENERATED, source=decoder.card.label, score=score)


class _ConstrainedSearch:
    """Greedy decoding that must first spell out the characters of a word begun by hand.

    The word's tokens are not those of its beginning ("ref" and "refund" share none), so the
    beginning is taken back and every token that agrees with it is allowed, weighed by the model.
    """

    def __init__(
        self, decoder: Decoder, conversation_id: str, tokens: list[int], begun: str
    ) -> None:
        self._decoder = decoder
        self._cache = decoder.cache(conversation_id)
        self._tokens = tokens
        self._begun = begun
        self._end = decoder.tokenizer.token_to_id(TURN_END)

    def run(self, is_cancelled: Callable[[], bool]) -> tuple[str, float]:
        """The text after what was typed, and the probability of its first word."""
        written, confirmed, score = "", "", 1.0
        word_probability, first_score = 1.0, 0.0
        for _ in range(MAX_NEW_TOKENS):
            if is_cancelled():
                return "", 0.0
            token, probability = self._next(written)
            text = "" if token == self._end else self._decoder.token_texts[token]
            new_text = (written + text)[len(self._begun) :]
            starts_word = not text or text[0].isspace() or "\n" in new_text
            if starts_word and len(written) > len(self._begun):
                confirmed, first_score = written, first_score or word_probability
                word_probability = 1.0
            word_probability *= probability
            floor = NEXT_WORD_PROBABILITY if confirmed else FIRST_WORD_PROBABILITY
            # The sign of replacement is a part of a character, to be spelt by several tokens.
            if not text or "\n" in new_text or "\ufffd" in text or word_probability < floor:
                break
            self._tokens.append(token)
            written += text
            score = word_probability
            if written.rstrip()[-1:] in {".", "!", "?"} and len(written) > len(self._begun):
                confirmed, first_score = written, first_score or score
                break
        return confirmed[len(self._begun) :], first_score

    def _next(self, written: str) -> tuple[int, float]:
        logits = self._decoder.next_logits(self._cache, self._tokens)
        powers = np.exp(logits - logits.max())
        rest = self._begun[len(written) :]
        if rest:
            # What was typed is a fact, so probabilities are taken among the tokens it allows.
            allowed = self._decoder.tokens_agreeing(rest)
            held = np.zeros_like(powers)
            held[allowed] = powers[allowed]
            powers = held
        total = float(powers.sum())
        token = int(np.argmax(powers))
        return token, float(powers[token]) / total if total > 0 else 0.0


def _shared_words(rests: Sequence[str]) -> str:
    if not rests:
        return ""
    shared = rests[0]
    for rest in rests[1:]:
        while not rest.startswith(shared):
            shared = shared[:-1]
            if not shared:
                return ""
    if all(rest == shared for rest in rests):
        return shared
    # Half a word would be wrong for all but one of them.
    cut = max(shared.rfind(mark) for mark in " ,，、")
    return shared[: cut + 1] if cut >= 0 else ""
