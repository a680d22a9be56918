"""Durations that were measured, and what is said of them."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Latency:
    """Percentiles of durations, in ms; ``count`` says of how many."""

    count: int
    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, durations_ms: Sequence[float]) -> Latency | None:
        """None where nothing was measured."""
        if not durations_ms:
            return None
        ordered = sorted(durations_ms)
        return cls(len(ordered), *(percentile(ordered, share) for share in (50, 95, 99)))

    def record(self) -> dict[str, float]:
        """The JSON form, rounded to microseconds."""
        values = {"p50": self.p50, "p95": self.p95, "p99": self.p99}
        return {"count": self.count, **{name: round(value, 3) for name, value in values.items()}}


class Stopwatch:
    """Collects durations in ms."""

    def __init__(self) -> None:
        self.durations_ms: list[float] = []

    @contextmanager
    def measure(self) -> Iterator[None]:
        """Add the duration of the block, unless it raises."""
        start = time.perf_counter()
        yield
        self.durations_ms.append((time.perf_counter() - start) * 1000)

    @property
    def last_ms(self) -> float:
        return self.durations_ms[-1]


def percentile(ordered: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of sorted values; ``share`` is 0 to 100."""
    rank = max(1, math.ceil(len(ordered) * share / 100))
    return ordered[rank - 1]
