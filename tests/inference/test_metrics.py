from __future__ import annotations

import pytest

from desktop_assistant.inference.metrics import (
    brier,
    expected_calibration_error,
    macro_f1,
    mean_of,
    ratio_of,
)


def test_macro_f1_counts_each_label_that_occurs_the_same() -> None:
    gold = ["a", "a", "a", "b"]

    measured = macro_f1(gold, ["a", "a", "b", "b"], seed=1)

    # F1 of a: 2*2/(3+2); of b: 2*1/(1+2).
    assert measured.value == pytest.approx((0.8 + 2 / 3) / 2)
    assert measured.low <= measured.value <= measured.high


def test_a_label_that_was_only_predicted_has_no_f1_of_its_own() -> None:
    assert macro_f1(["a", "a"], ["a", "c"], seed=1).value == pytest.approx(2 / 3)


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    assert expected_calibration_error([0.9] * 10, [True] * 9 + [False]) == pytest.approx(0.0)
    assert expected_calibration_error([1.0, 1.0], [False, False]) == 1.0
    # Two bins, half of the rows each: gaps of 0.1 and 0.4.
    measured = expected_calibration_error([0.9, 0.9, 0.1, 0.1], [True, True, True, False])
    assert measured == pytest.approx((0.1 + 0.4) / 2)


def test_brier_is_the_mean_squared_distance() -> None:
    assert brier([1.0, 0.5], [True, False]) == pytest.approx(0.125)


def test_the_interval_of_a_mean_has_its_known_width() -> None:
    measured = mean_of([True] * 200 + [False] * 200, seed=3)

    assert measured.value == 0.5
    # The normal approximation: 1.96 * sqrt(0.25 / 400) = 0.049.
    assert measured.high - measured.low == pytest.approx(0.098, abs=0.015)


def test_the_same_seed_gives_the_same_interval() -> None:
    assert mean_of([1.0, 2.0, 5.0], seed=4) == mean_of([1.0, 2.0, 5.0], seed=4)


def test_a_ratio_weighs_units_by_their_size() -> None:
    assert ratio_of([1, 9], [10, 10], seed=1).value == pytest.approx(0.5)
    assert ratio_of([0], [0], seed=1).value == 0.0
