from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_assistant.errors import SettingsError
from desktop_assistant.settings import Settings, check, read_settings, write_settings

if TYPE_CHECKING:
    from pathlib import Path


def test_missing_file_means_the_defaults(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "settings.toml") == Settings()


@given(
    settings=st.builds(
        Settings,
        agent_name=st.text(st.characters(exclude_categories=["Cs"])),
        language=st.sampled_from(["system", "en", "zh_CN"]),
        completions=st.booleans(),
        completion_deadline_ms=st.integers(20, 5000),
        suggestions=st.integers(0, 3),
    )
)
def test_what_is_written_is_read_again(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("home") / "new" / "settings.toml"

    write_settings(path, settings)

    assert read_settings(path) == settings
    assert [file.name for file in path.parent.iterdir()] == ["settings.toml"]


def test_unknown_settings_of_another_version_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('agent_name = "Kim"\nhologram = true\n', "utf-8")

    assert read_settings(path) == Settings(agent_name="Kim")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("suggestions = 7", "suggestions is 7, but must be a whole number from 0 to 3"),
        ("suggestions = true", "suggestions is True, but must be a whole number"),
        ("completions = 1", "completions is 1, but must be true or false"),
        ('language = "fr"', "language is 'fr', but must be one of system, en, zh_CN"),
        ("agent_name = 3", "agent_name is 3, but must be a text"),
        ("this is not TOML", "cannot be read"),
    ],
)
def test_wrong_file_is_refused_with_a_sentence(tmp_path: Path, line: str, sentence: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(line, "utf-8")

    with pytest.raises(SettingsError, match=sentence):
        read_settings(path)


def test_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(SettingsError, match="Correct or delete the file"):
        read_settings(path)


def test_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file in the way", "utf-8")

    with pytest.raises(SettingsError, match="cannot be saved"):
        write_settings(tmp_path / "home" / "settings.toml", Settings())


def test_every_default_is_within_its_own_bounds() -> None:
    for declared in dataclasses.fields(Settings):
        check(declared.name, getattr(Settings(), declared.name))


def test_every_setting_says_what_it_is_for() -> None:
    assert all(declared.metadata["text"] for declared in dataclasses.fields(Settings))
