from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from desktop_assistant.training.calibrate import FEWEST_ROWS, fit_temperature

if TYPE_CHECKING:
    from numpy.typing import NDArray


def logits_of(
    rows: int, share_right: float, sureness: float
) -> tuple[NDArray[np.float32], list[int]]:
    """Two labels; the first is always predicted, and right for a share of the rows."""
    logits = np.tile(np.array([sureness, 0.0], dtype=np.float32), (rows, 1))
    labels = [int(row >= share_right * rows) for row in range(rows)]
    return logits, labels


def test_a_model_that_is_too_sure_gets_a_high_temperature() -> None:
    logits, labels = logits_of(1000, 0.8, sureness=5.0)

    temperature = fit_temperature(logits, labels)

    right = 1 / (1 + np.exp(-5.0 / temperature))
    assert temperature > 1
    assert abs(right - 0.8) < 0.02


def test_a_model_that_is_not_sure_enough_gets_a_low_one() -> None:
    logits, labels = logits_of(1000, 0.99, sureness=1.0)

    assert fit_temperature(logits, labels) < 1


def test_too_few_rows_leave_the_scores_as_they_are() -> None:
    logits, labels = logits_of(FEWEST_ROWS - 1, 0.5, sureness=9.0)

    assert fit_temperature(logits, labels) == 1.0
