from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from desktop_assistant.store.database import Store

PROJECT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("sent_before_the_kill", [1, 40, 250])
def test_killing_the_process_loses_nothing_that_was_sent(
    path: Path, sent_before_the_kill: int
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.store.send_until_killed", str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
    )
    assert process.stdout is not None
    printed = [process.stdout.readline().strip() for _ in range(sent_before_the_kill)]

    process.kill()
    printed += [line.strip() for line in process.stdout if line.endswith("\n")]
    process.stdout.close()
    process.wait()

    store = Store(path)
    (conversation,) = store.conversations(newest_messages=1_000_000)
    stored = {message.message_id for message in conversation.messages}
    decided = {shown.shown_id for shown, decision in store.decisions("c1") if decision}
    assert "" not in printed
    assert set(printed) <= stored
    assert {f"s{sent.rpartition('m')[2]}" for sent in printed} <= decided
    assert store.check() == ()
    assert store.notice == ""
    store.close()
