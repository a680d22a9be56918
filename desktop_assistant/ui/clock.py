"""The time, handed in, so that tests need not wait for it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_assistant.conversation import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """``now`` is the time of day in UTC; ``seconds`` never jumps and measures durations."""

    now: Callable[[], datetime] = utc_now
    seconds: Callable[[], float] = time.perf_counter
