from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING

from desktop_assistant.cli.latency import Latency, percentile
from desktop_assistant.cli.main import main

if TYPE_CHECKING:
    import pytest

    from tests.cli.desk import ScriptedEngine

MEASURED = {
    "analyse",
    "search",
    "first_suggestion",
    "all_suggestions",
    "completion_key",
    "decision_stored",
}


def test_everything_is_measured(engine: ScriptedEngine, capfd: pytest.CaptureFixture[str]) -> None:
    status = main(["benchmark", "--rounds", "4", "--json"])

    report = json.loads(capfd.readouterr().out)
    assert status == 0
    assert set(report["latency_ms"]) == MEASURED
    for measured in report["latency_ms"].values():
        assert 0 <= measured["p50"] <= measured["p95"] <= measured["p99"]
    assert report["machine"]["cores"] >= 1
    assert report["cold_start_ms"]["first_analysis"] >= report["cold_start_ms"]["engine_open"]
    assert report["analyses_per_second"] > 0


def test_no_message_is_analysed_twice_in_a_row(
    engine: ScriptedEngine, capfd: pytest.CaptureFixture[str]
) -> None:
    main(["benchmark", "--rounds", "4", "--json"])

    texts = [call[1][0] for call in engine.calls if call[0] == "analyse"]  # type: ignore[index]
    assert all(one != other for one, other in pairwise(texts))


def test_a_person_reads_a_table(engine: ScriptedEngine, capfd: pytest.CaptureFixture[str]) -> None:
    main(["benchmark", "--rounds", "1"])

    told = capfd.readouterr().out
    assert "p95 to reach" in told
    assert "decision stored" in told


def test_percentiles_are_values_that_occurred() -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], 50) == 2.0
    assert percentile([1.0], 99) == 1.0
    assert Latency.of([]) is None
    assert Latency.of([float(value) for value in range(100, 0, -1)]) == Latency(
        100, 50.0, 95.0, 99.0
    )
