"""Does the exported graph say what torch says? Measured on the machine that exported it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from desktop_assistant.inference.decoder import CACHE_TOKENS, Decoder
from desktop_assistant.inference.reply_writer import log_softmax_at, prompt_tokens
from desktop_assistant.inference.understanding import MAIN_HEADS, query_text
from desktop_assistant.training.understanding_model import UnderstandingModel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from desktop_assistant.inference.understanding import Understanding
    from desktop_assistant.training_example import Dialogue

GREEDY_TOKENS = 24


def understanding_parity(
    folder: Path, exported: Understanding, texts: Sequence[str]
) -> dict[str, float]:
    """Compare embeddings and best labels, text by text.

    Returns: ``embedding_cosine_mean`` and ``_min``; for each head ``<head>_agreement``, the share
    of texts with the same best label, and ``<head>_logit_difference``, the mean absolute one.
    """
    model = UnderstandingModel.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    cosines: list[float] = []
    agreement: dict[str, list[bool]] = {head: [] for head in MAIN_HEADS}
    difference: dict[str, list[float]] = {head: [] for head in MAIN_HEADS}
    for text in texts:
        encoded = tokenizer(query_text(text), return_tensors="pt", truncation=True, max_length=128)
        with torch.inference_mode():
            wanted = model(encoded["input_ids"], encoded["attention_mask"])
        got = exported.logits(text)
        cosines.append(float(wanted["embedding"][0].numpy() @ got["embedding"]))
        for head in MAIN_HEADS:
            name = f"{head}_logits"
            if name in got:
                logits = wanted[name][0].numpy()
                agreement[head].append(bool(logits.argmax() == got[name].argmax()))
                difference[head].append(float(np.abs(logits - got[name]).mean()))
    report = {
        "texts": float(len(texts)),
        "embedding_cosine_mean": float(np.mean(cosines)),
        "embedding_cosine_min": float(np.min(cosines)),
    }
    for head in MAIN_HEADS:
        if agreement[head]:
            report[f"{head}_agreement"] = float(np.mean(agreement[head]))
            report[f"{head}_logit_difference"] = float(np.mean(difference[head]))
    return {name: round(value, 5) for name, value in report.items()}


def reply_parity(
    folder: Path, exported: Decoder, dialogues: Sequence[Dialogue], prompts: int = 20
) -> dict[str, Any]:
    """Compare greedy tokens on prompts, and perplexity on what agents really said.

    Returns: ``same_first_token`` and ``same_greedy_tokens``, shares of the prompts;
    ``perplexity_torch`` and ``perplexity_onnx`` over the same agent tokens. Only ``prompts``,
    0, where no agent answers anybody.
    """
    pairs = _prompt_pairs(exported, dialogues, prompts)
    if not pairs:
        return {"prompts": 0}
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    same, same_first = [], []
    torch_loss, onnx_loss, tokens = 0.0, 0.0, 0
    for prompt, answer in pairs:
        wanted = _greedy_torch(model, prompt)
        got = _greedy_onnx(exported, prompt)
        same.append(wanted == got)
        same_first.append(wanted[0] == got[0])
        torch_loss += _loss_torch(model, prompt, answer)
        onnx_loss += _loss_onnx(exported, prompt, answer)
        tokens += len(answer)
    return {
        "prompts": len(pairs),
        "same_first_token": round(float(np.mean(same_first)), 3),
        "same_greedy_tokens": round(float(np.mean(same)), 3),
        "perplexity_tokens": tokens,
        "perplexity_torch": round(math.exp(torch_loss / tokens), 4),
        "perplexity_onnx": round(math.exp(onnx_loss / tokens), 4),
    }


def _prompt_pairs(
    exported: Decoder, dialogues: Sequence[Dialogue], count: int
) -> list[tuple[list[int], list[int]]]:
    pairs: list[tuple[list[int], list[int]]] = []
    for dialogue in dialogues:
        for index, turn in enumerate(dialogue.turns):
            if turn.role == "agent" and index and turn.text.strip():
                before = dialogue.turns[:index]
                prompt = prompt_tokens(exported, before, dialogue.lang, CACHE_TOKENS // 2)
                pairs.append((prompt, exported.encode(turn.text)[: CACHE_TOKENS // 3]))
                break
        if len(pairs) == count:
            break
    return pairs


def _greedy_torch(model: Any, prompt: list[int]) -> list[int]:  # noqa: ANN401  # untyped
    tokens = torch.tensor([prompt])
    with torch.inference_mode():
        found = model.generate(
            tokens,
            attention_mask=torch.ones_like(tokens),
            max_new_tokens=GREEDY_TOKENS,
            do_sample=False,
        )
    return [int(token) for token in found[0, len(prompt) :]]


def _greedy_onnx(exported: Decoder, prompt: list[int]) -> list[int]:
    cache = exported.cache("parity")
    end = exported.tokenizer.token_to_id("<|im_end|>")
    written: list[int] = []
    while len(written) < GREEDY_TOKENS and (not written or written[-1] != end):
        written.append(int(np.argmax(exported.next_logits(cache, prompt + written))))
    return written


def _loss_torch(model: Any, prompt: list[int], answer: list[int]) -> float:  # noqa: ANN401
    with torch.inference_mode():
        logits = model(torch.tensor([prompt + answer])).logits[0].float().numpy()
    start = len(prompt) - 1
    return -sum(log_softmax_at(logits[start + i], token) for i, token in enumerate(answer))


def _loss_onnx(exported: Decoder, prompt: list[int], answer: list[int]) -> float:
    cache = exported.cache("parity")
    return -sum(
        log_softmax_at(exported.next_logits(cache, prompt + answer[:i]), token)
        for i, token in enumerate(answer)
    )
