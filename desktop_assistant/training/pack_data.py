"""Training dialogues out of a domain pack: its demo conversations, and its replies in use.

A canned reply is shown after messages that ask for it. Its variables stay in braces: the model
learns to leave open what it cannot know, and the agent fills it in.

    python -m desktop_assistant.training.pack_data PACK_FOLDER LANG OUT.jsonl
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop_assistant.pack import LANGUAGE_FOLDERS, read_pack
from desktop_assistant.training_example import read_records, write_records

if TYPE_CHECKING:
    from collections.abc import Iterator

ASKED_PER_REPLY = 2


def pack_dialogues(folder: Path, lang: str, seed: int = 20) -> Iterator[dict[str, Any]]:
    """Records of the dialogue kind in one language.

    Raises: PackError if the pack cannot be read.
    """
    pack = read_pack(folder)
    for dialogue in pack.demo:
        if dialogue.lang == lang:
            turns = [{"role": turn.role, "text": turn.text} for turn in dialogue.turns]
            yield {"id": dialogue.dialogue_id, "lang": lang, "turns": turns}
    asked: dict[str, list[str]] = defaultdict(list)
    for path in sorted((folder / LANGUAGE_FOLDERS[lang] / "utterances").glob("*.jsonl")):
        for record in read_records(path):
            asked[record["label"]].append(record["text"])
    draw = random.Random(seed)
    for reply in pack.canned_replies:
        questions = [text for intent in reply.intents for text in asked[intent]]
        if reply.lang != lang or not questions:
            continue
        for number, text in enumerate(draw.sample(questions, min(ASKED_PER_REPLY, len(questions)))):
            turns = [{"role": "customer", "text": text}, {"role": "agent", "text": reply.text}]
            yield {"id": f"{reply.reply_id}/{number}", "lang": lang, "turns": turns}


def main() -> None:
    """Command line: see the module's docstring."""
    parser = argparse.ArgumentParser(description="Write a pack's training dialogues.")
    parser.add_argument("pack", type=Path)
    parser.add_argument("lang", choices=tuple(LANGUAGE_FOLDERS))
    parser.add_argument("out", type=Path)
    chosen = parser.parse_args()
    count = write_records(chosen.out, pack_dialogues(chosen.pack, chosen.lang))
    sys.stdout.write(f"{count} dialogues in {chosen.out}\n")


if __name__ == "__main__":
    main()
