"""Sends messages for ever, and prints the id of each when ``send`` has returned."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

from desktop_assistant.store.database import Store
from tests.store import sample_values as sample


def main() -> None:
    store = Store(Path(sys.argv[1]))
    store.save_conversation(sample.conversation())
    store.save_message(sample.message(0, "customer", "where is it?"))
    for number in itertools.count(1):
        store.save_draft("c1", f"It comes {number}")
        shown = sample.shown(f"s{number}", "c1-m0")
        store.save_shown(shown)
        message = sample.message(number, "agent", f"It comes {number}. " * (number % 50))
        store.send(message, [(shown.shown_id, sample.decision())])
        sys.stdout.write(f"{message.message_id}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
