"""Plays files of the dialogue kind as live chats, each dialogue once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from desktop_assistant.sources.playback import Playback
from desktop_assistant.training_example import read_dialogues

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from desktop_assistant.conversation import Conversation, Message
    from desktop_assistant.sources.playback import Schedule
    from desktop_assistant.training_example import Dialogue


class TranscriptSource:
    """A ``ChatSource`` that ends when all dialogues of its files have been played."""

    name = "transcript"

    def __init__(
        self,
        paths: Sequence[Path],
        schedule: Schedule,
        clock: Callable[[], datetime],
        rng_seed: int = 0,
        speed: float = 1.0,
        live: int = 3,
        continued: Sequence[Conversation] = (),
    ) -> None:
        """Read the files; see ``Playback`` for the rest. Raises: RecordError."""
        self._playback = Playback(
            [dialogue for path in paths for dialogue in _read(path)],
            schedule,
            clock,
            rng_seed=rng_seed,
            speed=speed,
            live=live,
            is_endless=False,
            channel="transcript",
            continued=continued,
        )

    def start(
        self,
        on_conversation: Callable[[Conversation], None],
        on_message: Callable[[Message], None],
    ) -> None:
        self._playback.start(on_conversation, on_message)

    def send(self, message: Message) -> None:
        self._playback.answer(message)

    def stop(self) -> None:
        self._playback.stop()


def _read(path: Path) -> list[Dialogue]:
    """Ids are unique in a file only, so the file's name goes before them."""
    return [
        replace(dialogue, dialogue_id=f"{path.stem}/{number}")
        for number, dialogue in enumerate(read_dialogues(path), start=1)
    ]
