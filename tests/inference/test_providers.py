from __future__ import annotations

import pytest

from desktop_assistant.inference.providers import CPU, CUDA, driver_problem, provider_report

WITH_CUDA = (CUDA, CPU)


def no_problem() -> str:
    return ""


def loads_well() -> None: ...


def test_cuda_is_asked_for_where_driver_and_libraries_are_there() -> None:
    report = provider_report(built_in=WITH_CUDA, ask_driver=no_problem, preload=loads_well)

    assert report.usable == (CUDA, CPU)
    assert report.note == ""


def test_the_setting_cpu_asks_nobody() -> None:
    def ask() -> str:
        raise AssertionError

    report = provider_report("cpu", built_in=WITH_CUDA, ask_driver=ask)

    assert report.usable == (CPU,)
    assert report.note == ""


@pytest.mark.parametrize(
    ("wanted", "note"), [("auto", ""), ("cuda", "onnxruntime was installed without CUDA")]
)
def test_a_build_without_cuda_is_told_only_to_who_wants_it(wanted: str, note: str) -> None:
    report = provider_report(wanted, built_in=(CPU,))  # type: ignore[arg-type]

    assert report.usable == (CPU,)
    assert report.note == note


def test_a_missing_driver_is_the_reason() -> None:
    report = provider_report(
        built_in=WITH_CUDA, ask_driver=lambda: "no NVIDIA driver is installed", preload=loads_well
    )

    assert report.usable == (CPU,)
    assert report.note == "no NVIDIA driver is installed"


def test_a_missing_library_is_named_and_nothing_is_printed(
    capfd: pytest.CaptureFixture[str],
) -> None:
    def preload() -> None:
        print("Failed to load /site/nvidia/libcublas.so.12: no such file")
        print("Failed to load libcudnn.so.9: cannot open shared object file")
        print("Please follow https://onnxruntime.ai/docs/install/ to install CUDA.")

    report = provider_report(built_in=WITH_CUDA, ask_driver=no_problem, preload=preload)

    assert report.usable == (CPU,)
    assert report.note == "a CUDA library is missing (libcudnn.so.9)"
    assert capfd.readouterr() == ("", "")


def test_a_library_that_was_found_elsewhere_is_not_missing() -> None:
    def preload() -> None:
        print("Failed to load /site/nvidia/libcublas.so.12: no such file")

    report = provider_report(built_in=WITH_CUDA, ask_driver=no_problem, preload=preload)

    assert report.usable == (CUDA, CPU)


def test_libraries_that_cannot_be_loaded_at_all_are_the_reason() -> None:
    def preload() -> None:
        message = "the directory does not exist"
        raise RuntimeError(message)

    report = provider_report(built_in=WITH_CUDA, ask_driver=no_problem, preload=preload)

    assert report.usable == (CPU,)
    assert "the directory does not exist" in report.note


def test_this_machine_is_asked_in_silence(capfd: pytest.CaptureFixture[str]) -> None:
    report = provider_report("cuda")
    problem = driver_problem()

    assert report.usable[-1] == CPU
    assert isinstance(problem, str)
    assert capfd.readouterr() == ("", "")
