"""Models of a few hundred kB, made when a test first asks for one, through the project's own tools.

Everything here is built once a session. torch is imported inside the builders only, so tests that
ask for none of them run without it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from onnx import TensorProto, helper, numpy_helper

from desktop_assistant.conversation import Turn
from desktop_assistant.pack import CannedReply, Label, Pack
from desktop_assistant.training_example import Dialogue, FaqEntry

if TYPE_CHECKING:
    from pathlib import Path

    import onnx

    from desktop_assistant.inference.registry import ModelCard

INTENTS = ("order_status", "refund_request", "greeting", "out_of_scope")
SENTIMENTS = ("negative", "neutral", "positive")

MESSAGES = (
    ("Where is my order?", "order_status", "neutral"),
    ("My parcel has not arrived yet", "order_status", "negative"),
    ("I want my money back", "refund_request", "negative"),
    ("Please refund my order", "refund_request", "neutral"),
    ("Hello there, nice to meet you", "greeting", "positive"),
    ("Good morning", "greeting", "neutral"),
    ("What is the weather like", "out_of_scope", "neutral"),
    ("我的订单在哪里？", "order_status", "neutral"),
    ("包裹还没到，太慢了", "order_status", "negative"),
    ("我要退款", "refund_request", "negative"),
    ("你好，很高兴认识你", "greeting", "positive"),
    ("今天天气怎么样", "out_of_scope", "neutral"),
)
"""What the tiny encoder learns: (text, intent, sentiment)."""

ANSWERS = (
    ("Where is my order?", "I will check the status of your order for you."),
    ("My parcel has not arrived yet", "I am sorry that your parcel is late."),
    ("I want my money back", "Your refund will be paid within five days."),
    ("Good morning", "Hello, how can I help you today?"),
)
"""What the tiny decoder learns by heart: (customer, agent)."""


@dataclass(frozen=True, slots=True)
class TinyReply:
    """A decoder as transformers has it, as installed (4 bits), and as its fused fp32 graph."""

    folder: Path
    card: ModelCard
    plain: ModelCard


@dataclass(frozen=True, slots=True)
class TinyUnderstanding:
    """An encoder with heads as transformers has it, and as installed (8 bits)."""

    folder: Path
    card: ModelCard


def dialogues() -> list[Dialogue]:
    return [
        Dialogue(f"chat-{index}", (Turn("customer", asked), Turn("agent", answer)), "en")
        for index, (asked, answer) in enumerate(ANSWERS)
    ]


def small_pack() -> Pack:
    """A trade with three intents, in both languages."""
    titles = {name: Label(name, name.replace("_", " "), "") for name in INTENTS}
    return Pack(
        name="corner_shop",
        intents={"all": INTENTS[:3]},
        strategies={"inform": "Say what is so", "apologise": "Say sorry", "ask": "Ask back"},
        labels={"en": titles, "zh": titles},
        canned_replies=(
            _canned("status", "Your order {order_id} is on its way.", "order_status", "en"),
            _canned("refund", "We will refund you soon, {customer_name}.", "refund_request", "en"),
            _canned("hello", "Welcome to our corner shop!", "greeting", "en"),
            _canned("status", "您的订单已经在路上了。", "order_status", "zh"),
            _canned("refund", "我们会尽快为您退款。", "refund_request", "zh"),
            _canned("hello", "您好，欢迎光临小店！", "greeting", "zh"),
        ),
        knowledge=(
            FaqEntry("How long does shipping take?", "Shipping takes two days.", "en", "en/ship"),
            FaqEntry("How do I return something?", "Send it back to us.", "en", "en/return"),
            FaqEntry("多久能送到？", "两天之内送到。", "zh", "zh/ship"),
        ),
        policies={"en": "Be kind.", "zh": "请友善。"},
        demo=(
            Dialogue(
                "demo-1",
                (
                    Turn("customer", "Where is my order?", "order_status", "neutral"),
                    Turn("agent", "It is on its way to you right now.", strategy="inform"),
                    Turn("customer", "That is too late", "order_status", "negative"),
                    Turn("agent", "I am so sorry about that.", strategy="apologise"),
                ),
                "en",
            ),
        ),
    )


def _canned(name: str, text: str, intent: str, lang: str) -> CannedReply:
    return CannedReply(name, name.capitalize(), text, (intent,), "inform", lang)


def doubling_graph(*, external: str = "", factor: float = 2.0) -> onnx.ModelProto:
    """A graph that multiplies ``values`` by a constant; 16 floats of it may lie in another file."""
    weight = numpy_helper.from_array(_floats(factor), "factor")
    if external:
        weight.ClearField("raw_data")
        weight.data_location = TensorProto.EXTERNAL
        for key, value in (("location", external), ("offset", "0"), ("length", "64")):
            weight.external_data.add(key=key, value=value)
    graph = helper.make_graph(
        [helper.make_node("Mul", ["values", "factor"], ["doubled"])],
        "doubling",
        [helper.make_tensor_value_info("values", TensorProto.FLOAT, ["rows", 16])],
        [helper.make_tensor_value_info("doubled", TensorProto.FLOAT, ["rows", 16])],
        [weight],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def factor_bytes(factor: float) -> bytes:
    """What an external file of ``doubling_graph`` holds."""
    return bytes(_floats(factor).tobytes())


def write_doubling(folder: Path, **about: Any) -> ModelCard:
    """A model folder around ``doubling_graph``; ``about`` replaces lines of its card."""
    from desktop_assistant.training.card import write_card

    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "model.onnx").exists():
        (folder / "model.onnx").write_bytes(doubling_graph().SerializeToString())
    card = {
        "name": "doubling",
        "version": "1.0.0",
        "task": "understanding",
        "licence": "Apache-2.0",
        "base": {"name": "none"},
        "inputs": ["values"],
        "outputs": ["doubled"],
        **about,
    }
    return write_card(folder, card)


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT encoder without heads and its tokenizer, as transformers has them."""
    import torch
    from transformers import BertConfig, BertModel

    from desktop_assistant.training.base_weights import unigram_tokenizer

    folder = tmp_path_factory.mktemp("tiny-encoder")
    # Threads wait for each other longer than models this small take.
    torch.set_num_threads(1)
    torch.manual_seed(20)
    tokenizer = unigram_tokenizer(_pieces())
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=128,
        max_position_embeddings=512,
        type_vocab_size=1,
        pad_token_id=1,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama decoder that knows ``ANSWERS`` by heart, as transformers has it."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("tiny-decoder")
    torch.set_num_threads(1)
    torch.manual_seed(20)
    tokenizer = _chat_tokenizer()
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        max_position_embeddings=1024,
        rope_theta=10000.0,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.convert_tokens_to_ids("<|im_start|>"),
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = LlamaForCausalLM(config)
    _learn_by_heart(model, tokenizer)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_reply(tiny_decoder: Path, tmp_path_factory: pytest.TempPathFactory) -> TinyReply:
    """The decoder exported by optimum, fused, in 4 bits; and the fp32 graph it was made from."""
    from desktop_assistant.training.to_onnx import export_reply

    root = tmp_path_factory.mktemp("tiny-reply")
    folder = root / "tiny-reply" / "1.0.0"
    plain = export_reply(tiny_decoder, folder, root / "work", [[5, 6, 7, 8, 9, 10]])
    (plain.parent / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes())
    return TinyReply(
        tiny_decoder, reply_card(folder), reply_card(plain.parent, name="tiny-reply-fp32")
    )


def reply_card(folder: Path, name: str = "tiny-reply", version: str = "1.0.0") -> ModelCard:
    """Write the card of an exported tiny decoder."""
    from desktop_assistant.training.card import write_card

    caches = [f"{layer}.{part}" for layer in (0, 1) for part in ("key", "value")]
    about = {
        "name": name,
        "version": version,
        "task": "reply",
        "licence": "Apache-2.0",
        "languages": ["en"],
        "base": {"name": "tiny-llama"},
        "inputs": ["input_ids", "attention_mask", *(f"past_key_values.{c}" for c in caches)],
        "outputs": ["logits", *(f"present.{cache}" for cache in caches)],
    }
    return write_card(folder, about)


@pytest.fixture(scope="session")
def tiny_understanding(
    tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory
) -> TinyUnderstanding:
    """The encoder with an intent and a sentiment head, trained on ``MESSAGES``, in 8 bits."""
    from transformers import AutoTokenizer

    from desktop_assistant.training.to_onnx import export_understanding
    from desktop_assistant.training.understanding_model import from_encoder

    root = tmp_path_factory.mktemp("tiny-understanding")
    model = from_encoder(
        str(tiny_encoder), {"intent": list(INTENTS), "sentiment": list(SENTIMENTS)}
    )
    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    _learn_labels(model, tokenizer)
    model.save_pretrained(root / "trained")
    tokenizer.save_pretrained(root / "trained")
    folder = root / "tiny-understanding" / "1.0.0"
    export_understanding(root / "trained", folder, root / "work")
    return TinyUnderstanding(root / "trained", understanding_card(folder))


def understanding_card(folder: Path, version: str = "1.0.0", **about: Any) -> ModelCard:
    """Write the card of an exported tiny encoder."""
    from desktop_assistant.training.card import write_card

    card = {
        "name": "tiny-understanding",
        "version": version,
        "task": "understanding",
        "licence": "Apache-2.0",
        "languages": ["en", "zh"],
        "base": {"name": "tiny-bert"},
        "inputs": ["input_ids", "attention_mask"],
        "outputs": ["embedding", "intent_logits", "sentiment_logits"],
        "labels": {"intent": list(INTENTS), "sentiment": list(SENTIMENTS)},
        **about,
    }
    return write_card(folder, card)


def _floats(value: float) -> Any:
    import numpy as np

    return np.full(16, value, dtype=np.float32)


def _pieces() -> list[tuple[str, float]]:
    """Words and characters of the messages, the rarer the less likely."""
    words = sorted({word for text, *_ in MESSAGES for word in f"query: {text}".split()})
    chars = sorted(
        {char for text, *_ in MESSAGES for char in text} | set("abcdefghijklmnopqrstuvwxyz")
    )
    pieces = [
        "▁",
        *(f"▁{word}" for word in words if word.isascii()),
        *(c for c in chars if c != " "),
    ]
    special = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    return special + [(piece, -3.0 - 0.5 * (len(piece) == 1)) for piece in dict.fromkeys(pieces)]


def _chat_tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    from desktop_assistant.inference.prompt import SYSTEM

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    corpus = [SYSTEM["en"], "user assistant system", *(text for pair in ANSWERS for text in pair)]
    trainer = trainers.BpeTrainer(
        vocab_size=512,
        min_frequency=1,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
    )
    tokenizer.train_from_iterator(corpus * 3, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|im_end|>",
    )


def _learn_by_heart(model: Any, tokenizer: Any) -> None:
    import torch

    from desktop_assistant.training.dataset import reply_sequences
    from desktop_assistant.training.reply import Collator, agent_loss

    rows = [
        sequence.as_features()
        for dialogue in dialogues()
        for sequence in reply_sequences(dialogue, tokenizer, 256)
    ]
    batch = Collator(tokenizer.pad_token_id)(rows)
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
    loss = math.inf
    for _ in range(150):
        summed, count = agent_loss(model, batch)
        optimiser.zero_grad()
        (summed / count).backward()
        optimiser.step()
        loss = float(summed.detach()) / count
        if loss < 0.02:
            break
    assert loss < 0.1


def _learn_labels(model: Any, tokenizer: Any) -> None:
    import torch

    texts = [f"query: {text}" for text, *_ in MESSAGES]
    encoded = tokenizer(texts, padding=True, return_tensors="pt")
    intents = torch.tensor([INTENTS.index(intent) for _, intent, _ in MESSAGES])
    moods = torch.tensor([SENTIMENTS.index(mood) for *_, mood in MESSAGES])
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    model.train()
    for _ in range(60):
        outputs = model(encoded["input_ids"], encoded["attention_mask"])
        loss = torch.nn.functional.cross_entropy(outputs["intent_logits"], intents)
        loss = loss + torch.nn.functional.cross_entropy(outputs["sentiment_logits"], moods)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    model.eval()
    assert float(loss.detach()) < 0.5
