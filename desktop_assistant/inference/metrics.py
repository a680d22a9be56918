"""Numbers that say how good a model is, each with its 95 % confidence interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.int64]
Statistic: TypeAlias = Callable[[Indices], float]

RESAMPLES = 500
CALIBRATION_BINS = 15


@dataclass(frozen=True, slots=True)
class Measure:
    """A value and the bounds between which it lies with 95 % confidence."""

    value: float
    low: float
    high: float

    def record(self) -> dict[str, float]:
        """The JSON form."""
        return {
            "value": round(self.value, 4),
            "low": round(self.low, 4),
            "high": round(self.high, 4),
        }


def bootstrap(statistic: Statistic, units: int, seed: int) -> Measure:
    """A statistic of ``units`` independent units, and its percentile bootstrap interval.

    ``statistic`` gets the indices of the units to count, each as often as it was drawn.
    Source: Efron and Tibshirani 1993, chapter 13, with 500 resamples.
    """
    draw = np.random.default_rng(seed)
    value = statistic(np.arange(units, dtype=np.int64))
    resampled = [statistic(draw.integers(0, units, units)) for _ in range(RESAMPLES)]
    low, high = np.percentile(resampled, (2.5, 97.5))
    return Measure(value, float(low), float(high))


def mean_of(values: Sequence[float] | Sequence[bool], seed: int) -> Measure:
    """The mean of at least one value."""
    array = np.asarray(values, np.float64)
    return bootstrap(lambda drawn: float(array[drawn].mean()), len(array), seed)


def ratio_of(parts: Sequence[float], wholes: Sequence[float], seed: int) -> Measure:
    """The sum of ``parts`` over the sum of ``wholes``, unit by unit, 0 if nothing was done."""
    above, below = np.asarray(parts, np.float64), np.asarray(wholes, np.float64)
    return bootstrap(
        lambda drawn: float(above[drawn].sum() / max(below[drawn].sum(), 1e-9)), len(above), seed
    )


def macro_f1(gold: Sequence[str], predicted: Sequence[str], seed: int) -> Measure:
    """The mean F1 over the labels that occur in ``gold``, each counting the same.

    Labels that were only predicted lower the recall of others, but have no F1 of their own.
    """
    names = sorted({*gold, *predicted})
    number = {name: index for index, name in enumerate(names)}
    truth = np.array([number[name] for name in gold], np.int64)
    answers = np.array([number[name] for name in predicted], np.int64)

    def statistic(drawn: Indices) -> float:
        return _macro_f1(truth[drawn], answers[drawn], len(names))

    return bootstrap(statistic, len(truth), seed)


def expected_calibration_error(
    confidence: Sequence[float], is_right: Sequence[bool], bins: int = CALIBRATION_BINS
) -> float:
    """How far confidence and accuracy lie apart, over bins of equal width; 0 is best.

    Source: Guo et al. 2017, equation 3.
    """
    sure, right = np.asarray(confidence, np.float64), np.asarray(is_right, np.float64)
    numbers = np.clip((sure * bins).astype(np.int64), 0, bins - 1)
    gaps = np.bincount(numbers, weights=sure - right, minlength=bins)
    return float(np.abs(gaps).sum() / len(sure))


def brier(confidence: Sequence[float], is_right: Sequence[bool]) -> float:
    """The mean squared distance of the best label's confidence from 1 if right, else 0."""
    sure, right = np.asarray(confidence, np.float64), np.asarray(is_right, np.float64)
    return float(np.square(sure - right).mean())


def _macro_f1(truth: Indices, answers: Indices, labels: int) -> float:
    hits = np.bincount(truth[truth == answers], minlength=labels)
    occurring = np.bincount(truth, minlength=labels)
    predicted = np.bincount(answers, minlength=labels)
    present = occurring > 0
    scores: Floats = 2 * hits[present] / (occurring[present] + predicted[present])
    return float(scores.mean())
