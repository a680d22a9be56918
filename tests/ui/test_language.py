from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from desktop_assistant import paths
from desktop_assistant.ui.language import Translations, window_language
from desktop_assistant.ui.transcript_view import ChatHeader

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

FOLDER = paths.resources_dir() / "translations"


def test_the_language_changes_at_once(qtbot: QtBot) -> None:
    header = ChatHeader()
    qtbot.addWidget(header)
    translations = Translations("en")

    translations.use("zh_CN")
    qtbot.waitUntil(lambda: header.resolve_button.text() == "结束会话")
    translations.use("en")

    qtbot.waitUntil(lambda: header.resolve_button.text() == "Resolve")
    assert translations.lang == "en"


def test_every_sentence_is_translated_and_keeps_its_gaps() -> None:
    messages = list(ET.parse(FOLDER / "desktop_assistant_zh_CN.ts").iter("message"))

    for message in messages:
        source = message.findtext("source") or ""
        translation = message.find("translation")
        assert translation is not None
        text = translation.text or ""
        assert text, source
        assert translation.get("type") is None, source
        for gap in ("{0}", "{1}", "{2}"):
            assert (gap in source) == (gap in text), source
    assert len(messages) > 100


def test_chinese_is_chosen_by_name() -> None:
    assert window_language("zh_CN") == "zh"
    assert window_language("en") == "en"
