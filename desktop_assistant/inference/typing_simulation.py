"""An agent who types what agents really wrote, key by key, and takes completions that are right.

One key is one character typed or one completion taken; sending is not counted. A completion that
is shown and not what the agent wrote is a wrong show. An input method's keys (pinyin) are not
simulated: in Chinese, too, a character counts as one key.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from desktop_assistant.completion import first_word
from desktop_assistant.inference.metrics import Measure, ratio_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_assistant.conversation import Turn
    from desktop_assistant.inference.engine import Engine
    from desktop_assistant.training_example import Dialogue

Accept = Literal["whole", "words"]


@dataclass(frozen=True, slots=True)
class Typed:
    """What became of one text: keys pressed for its ``characters``, and what was shown."""

    characters: int
    keys: int
    right_shows: int
    wrong_shows: int
    latencies_ms: tuple[float, ...]


def type_text(
    engine: Engine, conversation_id: str, turns: Sequence[Turn], text: str, accept: Accept
) -> Typed:
    """Type ``text`` after ``turns``.

    Args:
        engine: asked for a completion before each key.
        conversation_id: names the engine's cache.
        turns: what was said before.
        text: what the agent wrote.
        accept: ``whole`` takes a completion only if all of it is right, with one key; ``words``
            also takes the right words at its beginning, with one key a word.
    """
    draft, keys, right, wrong = "", 0, 0, 0
    latencies = []
    while len(draft) < len(text):
        start = time.perf_counter()
        shown = engine.complete(conversation_id, turns, draft).text
        latencies.append((time.perf_counter() - start) * 1000)
        taken = _taken(shown, text[len(draft) :], accept)
        right += bool(taken)
        wrong += bool(shown) and not taken
        draft += taken or text[len(draft)]
        keys += 1
    return Typed(len(text), keys, right, wrong, tuple(latencies))


def typing_metrics(
    dialogues: Sequence[Dialogue],
    engine: Engine,
    accept: Accept,
    seed: int,
    on_progress: Callable[[int, int], None],
) -> tuple[dict[str, Measure], list[float]]:
    """Type all agent turns of all dialogues.

    Returns: shares (0 to 1) with intervals over dialogues, and the latency of each key in ms.
    """
    totals = []
    latencies: list[float] = []
    for done, dialogue in enumerate(dialogues, start=1):
        typed = [
            type_text(engine, dialogue.dialogue_id, dialogue.turns[:index], text, accept)
            for index, turn in enumerate(dialogue.turns)
            if turn.role == "agent" and (text := turn.text.strip())
        ]
        totals.append(
            (
                sum(one.characters for one in typed),
                sum(one.keys for one in typed),
                sum(one.right_shows for one in typed),
                sum(one.wrong_shows for one in typed),
            )
        )
        latencies += [latency for one in typed for latency in one.latencies_ms]
        on_progress(done, len(dialogues))
    characters, keys, right, wrong = (list(column) for column in zip(*totals, strict=True))
    saved = [written - pressed for written, pressed in zip(characters, keys, strict=True)]
    return {
        "keystrokes_saved": ratio_of(saved, characters, seed),
        "wrong_shows": ratio_of(wrong, keys, seed),
        "right_shows": ratio_of(right, keys, seed),
    }, latencies


def _taken(shown: str, rest: str, accept: Accept) -> str:
    """The part of a shown completion that the agent takes: a beginning of ``rest``, or ""."""
    if rest.startswith(shown):
        return shown
    if shown.rstrip() == rest:
        return rest
    word = first_word(shown) if accept == "words" else ""
    return word if word.strip() and rest.startswith(word) else ""
