"""How a conversation is written down for the decoder.

Training and inference share this, so that the model sees while typing what it saw while learning.
The notation is ChatML, which SmolLM2 was trained on; a Chinese decoder that speaks ChatML fits too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desktop_assistant.conversation import Turn

SYSTEM = {
    "en": "You are a support agent of an online shop. Reply in one to three short sentences.",
    "zh": "你是一家网店的客服。请用一到三句简短的话回复。",
}
TURN_END = "<|im_end|>"
_ROLES = {"customer": "user", "agent": "assistant"}


def system_part(lang: str) -> str:
    """The opening that every prompt of a language shares."""
    return f"<|im_start|>system\n{SYSTEM.get(lang, SYSTEM['en'])}{TURN_END}\n"


def turn_head(role: str) -> str:
    """What stands before the text of a turn."""
    return f"<|im_start|>{_ROLES[role]}\n"


def turn_part(turn: Turn) -> str:
    """One finished turn."""
    return f"{turn_head(turn.role)}{turn.text.strip()}{TURN_END}\n"


def reply_prompt(turns: Sequence[Turn], lang: str) -> str:
    """The conversation so far, up to where the agent's next words begin."""
    body = "".join(turn_part(turn) for turn in turns)
    return f"{system_part(lang)}{body}{turn_head('agent')}"
