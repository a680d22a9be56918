"""The whole loop once, on the shipped models: decisions in, a better model out, and back again.

    python tests/end_to_end/real_loop.py WORK_DIR

Sixteen held-out conversations of the shop are worked through as an agent would: what the customer
wrote is analysed and answered, every suggestion is recorded with what became of it, and wrong tags
are corrected. The other sixteen are never shown to any of it and measure the models before and
after. Takes some fifteen minutes on two cores; the tests run the same steps on tiny models.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop_assistant.conversation import Conversation, Message, utc_now
from desktop_assistant.decision import Correction, Decision, Shown, classify, edit_distance
from desktop_assistant.inference.assembly import open_engine
from desktop_assistant.inference.reply_writer import log_softmax_at, prompt_tokens
from desktop_assistant.paths import pack_dir, user_paths
from desktop_assistant.settings import Settings
from desktop_assistant.store.database import Store
from desktop_assistant.suggestion import is_similar
from desktop_assistant.training_example import read_dialogues, write_records

if TYPE_CHECKING:
    from desktop_assistant.inference.engine import Engine
    from desktop_assistant.training_example import Dialogue

WORKED = 16
MEASURED_TURNS = (1, 2, 5, 6, 9)


def main(work_dir: Path) -> None:
    """Run all steps and print what each brought."""
    work_dir.mkdir(parents=True, exist_ok=True)
    home = work_dir / "home"
    chats = read_dialogues(pack_dir() / "en" / "held_out.jsonl")
    counts = work_through(chats[:WORKED], home)
    print(f"decisions: {json.dumps(counts)}", flush=True)
    unseen = write_unseen(chats[WORKED:], work_dir)
    command(home, "export", "sft", "--out", work_dir / "sft.jsonl")
    command(home, "export", "intent", "--out", work_dir / "intent.jsonl")
    print(f"before: {json.dumps(measure(home, unseen))}", flush=True)
    pack = pack_dir()
    command(
        home,
        "train",
        "intent",
        "--out",
        work_dir / "intent_run",
        "--method",
        "full",
        "--data",
        f"{work_dir / 'intent.jsonl'}@6x",
        f"{pack}/*/utterances/*.jsonl@250",
        "--batch-size",
        "32",
        "--learning-rate",
        "5e-5",
        "--epochs",
        "2",
        "--install",
    )
    command(
        home,
        "train",
        "reply",
        "--out",
        work_dir / "reply_run",
        "--data",
        f"{work_dir / 'sft.jsonl'}@1x",
        "--learning-rate",
        "3e-4",
        "--batch-size",
        "4",
        "--epochs",
        "2",
        "--install",
    )
    for task in ("understanding", "reply"):
        command(home, "models", "promote", f"{task}@1.0.1")
    print(f"after: {json.dumps(measure(home, unseen))}", flush=True)
    for task in ("understanding", "reply"):
        command(home, "models", "rollback", task)
    print(f"rolled back: {json.dumps(measure(home, unseen))}", flush=True)


def work_through(chats: list[Dialogue], home: Path) -> dict[str, int]:
    """Answer each chat as its agent did, with decisions and corrections in the store."""
    paths = user_paths(str(home))
    home.mkdir(parents=True, exist_ok=True)
    store = Store(paths.database)
    engine = open_engine(Settings(), paths)
    try:
        for chat in chats:
            work_through_one(chat, store, engine)
        return store.counts()
    finally:
        store.close()


def work_through_one(chat: Dialogue, store: Store, engine: Engine) -> None:
    """Replay one chat: analyse, suggest, decide, correct, send."""
    chat_id = chat.dialogue_id
    store.save_conversation(Conversation(chat_id, chat.customer_name, "en", utc_now()))
    shown: list[Shown] = []
    for index, turn in enumerate(chat.turns):
        message = Message(f"{chat_id}/{index}", chat_id, turn.role, turn.text, utc_now())
        if turn.role == "agent":
            store.send(message, [(one.shown_id, decided(one, turn.text)) for one in shown])
            shown = []
            continue
        store.save_message(message)
        analysis = engine.analyse(turn.text, chat.turns[:index])
        store.save_analysis(message.message_id, analysis)
        if turn.intent and turn.intent != analysis.intent:
            correction = Correction(
                message.message_id, "intent", analysis.intent, turn.intent, "agent", analysis.model
            )
            store.save_correction(correction, utc_now())
        found = engine.suggest(chat.turns[: index + 1], {"customer_name": chat.customer_name})
        shown = [
            Shown(
                str(uuid.uuid4()),
                chat_id,
                message.message_id,
                "suggestion",
                one.kind,
                one.text,
                one.source,
                "",
                one.score,
                position,
                utc_now(),
                found.latency_ms,
            )
            for position, one in enumerate(found.suggestions)
        ]
        store.save_shown(*shown)


def decided(one: Shown, sent: str) -> Decision:
    """What the agent made of a suggestion: taken in where it says nearly what was sent."""
    outcome = classify(one.text, sent, inserted=is_similar(one.text, sent))
    return Decision(outcome, sent, edit_distance(one.text, sent))


def write_unseen(chats: list[Dialogue], work_dir: Path) -> dict[str, Path]:
    """The measuring chats, as files of the intent and the dialogue kind."""
    files = {"intent": work_dir / "unseen_intent.jsonl", "chats": work_dir / "unseen_chats.jsonl"}
    customer = [turn for chat in chats for turn in chat.turns if turn.role == "customer"]
    write_records(
        files["intent"], ({"text": t.text, "label": t.intent, "lang": "en"} for t in customer)
    )
    write_records(
        files["chats"],
        (
            {
                "id": chat.dialogue_id,
                "lang": "en",
                "turns": [{"role": turn.role, "text": turn.text} for turn in chat.turns],
            }
            for chat in chats
        ),
    )
    return files


def measure(home: Path, unseen: dict[str, Path]) -> dict[str, float]:
    """Intent accuracy, and keystrokes that the completion saves, on chats nobody has seen."""
    intent = json.loads(command(home, "evaluate", "intent", unseen["intent"], "--json"))
    typing = json.loads(
        command(home, "evaluate", "completion", unseen["chats"], "--limit", 6, "--json")
    )
    return {
        "intent_accuracy": value_of(intent, "accuracy"),
        "keystrokes_saved": value_of(typing, "keystrokes_saved"),
        "wrong_shows": value_of(typing, "wrong_shows"),
        "perplexity": perplexity(home, read_dialogues(unseen["chats"])),
    }


def perplexity(home: Path, chats: list[Dialogue]) -> float:
    """Of what agents really wrote in ``MEASURED_TURNS`` of each chat, by the active decoder."""
    engine = open_engine(Settings(), user_paths(str(home)), tasks=frozenset({"reply"}))
    decoder = engine.decoder
    assert decoder is not None
    cache = decoder.cache("perplexity")
    loss, count = 0.0, 0
    for chat in chats:
        for index in MEASURED_TURNS:
            if index >= len(chat.turns) or chat.turns[index].role != "agent":
                continue
            prompt = prompt_tokens(decoder, chat.turns[:index], "en", 320)
            said = decoder.encode(chat.turns[index].text)[:200]
            for place, token in enumerate(said):
                loss -= log_softmax_at(decoder.next_logits(cache, prompt + said[:place]), token)
            count += len(said)
    return round(math.exp(loss / count), 2)


def value_of(report: dict[str, Any], name: str) -> float:
    """A metric's value, without its interval."""
    metric = report["metrics"][name]
    return round(float(metric["value"] if isinstance(metric, dict) else metric), 4)


def command(home: Path, *words: object) -> str:
    """Run one command and return what it printed; its failure ends the run."""
    line = [sys.executable, "-m", "desktop_assistant", "--home", str(home), *map(str, words)]
    done = subprocess.run(line, check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(line)} ended with {done.returncode}")
    return done.stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]))
