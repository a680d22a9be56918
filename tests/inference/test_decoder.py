from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from desktop_assistant.errors import ModelError
from desktop_assistant.inference.decoder import CACHE_TOKENS, KEPT_CONVERSATIONS, Decoder
from desktop_assistant.inference.providers import CPU, CUDA
from desktop_assistant.inference.session import Session, open_raw_session
from tests.tiny_models import write_doubling

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

    from desktop_assistant.inference.session import RawSession
    from tests.tiny_models import TinyReply

pytestmark = pytest.mark.training

TEXT = "<|im_start|>user\nWhere is my order?<|im_end|>\n<|im_start|>assistant\nI will check"


def fresh_logits(tiny_reply: TinyReply, tokens: list[int]) -> NDArray[np.float32]:
    decoder = Decoder(tiny_reply.plain, Session(tiny_reply.plain, threads=1))
    return decoder.next_logits(decoder.cache("fresh"), tokens)


def test_typing_on_computes_only_what_is_new_and_gives_the_same(
    decoder: Decoder, tiny_reply: TinyReply
) -> None:
    tokens = decoder.encode(TEXT)
    cache = decoder.cache("chat")

    for end in range(1, len(tokens) + 1):
        logits = decoder.next_logits(cache, tokens[:end])

    assert cache.tokens == tokens
    assert logits == pytest.approx(fresh_logits(tiny_reply, tokens), abs=1e-4)


def test_rewinding_to_another_beginning_gives_the_same_as_a_fresh_run(
    decoder: Decoder, tiny_reply: TinyReply
) -> None:
    cache = decoder.cache("chat")
    decoder.next_logits(cache, decoder.encode(f"{TEXT} the status of everything you have ever"))
    other = decoder.encode(f"{TEXT} that")

    logits = decoder.next_logits(cache, other)

    assert cache.tokens == other
    assert logits == pytest.approx(fresh_logits(tiny_reply, other), abs=1e-4)


def test_asking_for_the_same_again_gives_the_same(decoder: Decoder) -> None:
    tokens = decoder.encode(TEXT)
    cache = decoder.cache("chat")

    first = decoder.next_logits(cache, tokens)
    second = decoder.next_logits(cache, tokens)

    assert second == pytest.approx(first, abs=1e-4)


def test_conversations_do_not_disturb_each_other(decoder: Decoder, tiny_reply: TinyReply) -> None:
    tokens = decoder.encode(TEXT)
    decoder.next_logits(decoder.cache("one"), tokens[:-2])
    decoder.next_logits(decoder.cache("two"), tokens[::-1])

    logits = decoder.next_logits(decoder.cache("one"), tokens)

    assert logits == pytest.approx(fresh_logits(tiny_reply, tokens), abs=1e-4)


def test_the_cache_used_longest_ago_goes(decoder: Decoder) -> None:
    first = decoder.cache("0")
    for number in range(1, KEPT_CONVERSATIONS):
        decoder.cache(str(number))
    kept = decoder.cache("0")

    decoder.cache("one more")

    assert kept is first
    assert decoder.cache("0") is first
    decoder.next_logits(first, [1, 2])
    decoder.cache("and another")
    assert decoder.cache("1").tokens == []


@pytest.mark.parametrize("count", [0, CACHE_TOKENS])
def test_what_does_not_fit_the_cache_is_refused(decoder: Decoder, count: int) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        decoder.next_logits(decoder.cache("chat"), [5] * count)


def test_the_last_token_that_fits_is_computed(decoder: Decoder) -> None:
    tokens = [5] * (CACHE_TOKENS - 1)

    logits = decoder.next_logits(decoder.cache("chat"), tokens)

    assert np.isfinite(logits).all()
    assert logits.shape == (decoder.vocabulary_size,)


def test_tokens_that_agree_begin_with_the_text_or_begin_it(decoder: Decoder) -> None:
    found = {decoder.token_texts[token] for token in decoder.tokens_agreeing(" st")}

    assert " st" in found or " status" in found
    assert " " in found
    assert all(text.startswith(" st") or " st".startswith(text) for text in found)


def test_half_of_a_character_is_no_error(decoder: Decoder) -> None:
    assert decoder.encode("a\ud83d b") == decoder.encode("a b")


def test_a_model_without_a_cache_is_refused(tmp_path: Path, tiny_reply: TinyReply) -> None:
    tokenizer = (tiny_reply.card.folder / "tokenizer.json").read_bytes()
    (tmp_path / "tokenizer.json").write_bytes(tokenizer)
    card = write_doubling(tmp_path, task="reply")

    with pytest.raises(ModelError, match="no key-value cache"):
        Decoder(card, Session(card))


class CudaThatRunsOutOfMemory:
    """Says it is CUDA, and cannot run anything; answers all else from a session on the CPU."""

    def __init__(self, real: RawSession) -> None:
        self._real = real

    def run_with_iobinding(self, binding: Any) -> None:
        message = "CUDA failure 2: out of memory"
        raise ort_errors.RuntimeException(message)

    def run(self, outputs: Sequence[str] | None, feeds: Mapping[str, Any]) -> list[Any]:
        raise AssertionError

    def io_binding(self) -> Any:
        return self._real.io_binding()

    def get_providers(self) -> list[str]:
        return [CUDA]

    def get_inputs(self) -> list[Any]:
        return self._real.get_inputs()

    def get_outputs(self) -> list[Any]:
        return self._real.get_outputs()


def test_cuda_out_of_memory_answers_from_the_cpu(tiny_reply: TinyReply) -> None:
    def open_raw(
        graph: bytes,
        data: Mapping[str, bytes],
        folder: Path,
        providers: Sequence[str],
        threads: int,
    ) -> RawSession:
        real = open_raw_session(graph, data, folder, (CPU,), threads)
        return CudaThatRunsOutOfMemory(real) if CUDA in providers else real

    session = Session(tiny_reply.plain, (CUDA, CPU), open_raw=open_raw)
    decoder = Decoder(tiny_reply.plain, session)
    tokens = decoder.encode(TEXT)

    logits = decoder.next_logits(decoder.cache("chat"), tokens)

    assert session.provider == CPU
    assert "out of memory" in session.fallback_note
    assert logits == pytest.approx(fresh_logits(tiny_reply, tokens), abs=1e-4)
