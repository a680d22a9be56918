"""A domain pack: the folder that makes the assistant know a trade.

    <pack>/taxonomy.json                  labels of intents, sentiments, entities, strategies
    <pack>/<lang>/labels.json             {label: {"title", "definition"}} as people read it
    <pack>/<lang>/utterances/*.jsonl      intent kind, with "sentiment"; one file a pass of writing
    <pack>/<lang>/sentiment.jsonl         sentiment kind
    <pack>/<lang>/canned_replies.jsonl    {"id", "title", "intents", "strategy", "text"}
    <pack>/<lang>/knowledge/*.md          "## question" followed by the answer
    <pack>/<lang>/policy.md
    <pack>/<lang>/variables.json          optional: what fills {shop_name} and the like everywhere
    <pack>/<lang>/demo.jsonl              dialogue kind

``<lang>`` is ``en`` or ``zh_CN``. Another trade is another folder, and no code.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from desktop_assistant.errors import PackError, RecordError
from desktop_assistant.training_example import Dialogue, FaqEntry, read_dialogues

if TYPE_CHECKING:
    from pathlib import Path

LANGUAGE_FOLDERS = {"en": "en", "zh": "zh_CN"}


@dataclass(frozen=True, slots=True)
class CannedReply:
    """A reply that was written once to be sent often; ``text`` may hold {variables}."""

    reply_id: str
    title: str
    text: str
    intents: tuple[str, ...]
    strategy: str
    lang: str


@dataclass(frozen=True, slots=True)
class Label:
    """A label as people read it, in one language."""

    name: str
    title: str
    definition: str


@dataclass(frozen=True, slots=True)
class Pack:
    """A domain pack in memory; languages are ``en`` and ``zh``."""

    name: str
    intents: dict[str, tuple[str, ...]]
    strategies: dict[str, str]
    labels: dict[str, dict[str, Label]]
    canned_replies: tuple[CannedReply, ...]
    knowledge: tuple[FaqEntry, ...]
    policies: dict[str, str]
    demo: tuple[Dialogue, ...]
    variables: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def intent_labels(self) -> tuple[str, ...]:
        return tuple(label for group in self.intents.values() for label in group)

    def title(self, label: str, lang: str) -> str:
        """The label as a person of that language reads it, or the label itself."""
        found = self.labels.get(lang, {}).get(label)
        return found.title if found else label.replace("_", " ")


def read_pack(folder: Path) -> Pack:
    """Read a pack. Raises: PackError naming the file that is missing or wrong."""
    try:
        taxonomy = json.loads((folder / "taxonomy.json").read_text("utf-8"))
        languages = {
            lang: folder / name
            for lang, name in LANGUAGE_FOLDERS.items()
            if (folder / name).is_dir()
        }
        return Pack(
            name=str(taxonomy["name"]),
            intents={group: tuple(labels) for group, labels in taxonomy["intents"].items()},
            strategies=dict(taxonomy["strategies"]),
            labels={lang: _labels(path) for lang, path in languages.items()},
            canned_replies=tuple(
                reply for lang, path in languages.items() for reply in _canned(path, lang)
            ),
            knowledge=tuple(
                entry for lang, path in languages.items() for entry in _knowledge(path, lang)
            ),
            policies={
                lang: (path / "policy.md").read_text("utf-8") for lang, path in languages.items()
            },
            demo=tuple(
                dialogue
                for path in languages.values()
                for dialogue in read_dialogues(path / "demo.jsonl")
            ),
            variables={lang: _variables(path) for lang, path in languages.items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecordError) as exc:
        message = f"The domain pack in {folder} cannot be used: {exc}"
        raise PackError(message) from exc


def read_articles(markdown: str, lang: str, source: str) -> list[FaqEntry]:
    """Part a Markdown text into articles: a ``##`` heading asks, what follows answers."""
    entries: list[FaqEntry] = []
    question, lines = "", list[str]()
    for line in [*markdown.splitlines(), "## "]:
        if line.startswith("## "):
            answer = "\n".join(lines).strip()
            if question and answer:
                entries.append(FaqEntry(question, answer, lang, source))
            question, lines = line[3:].strip(), []
        elif not line.startswith("# "):
            lines.append(line)
    return entries


def _variables(folder: Path) -> dict[str, str]:
    path = folder / "variables.json"
    if not path.exists():
        return {}
    return {str(name): str(value) for name, value in json.loads(path.read_text("utf-8")).items()}


def _labels(folder: Path) -> dict[str, Label]:
    raw: dict[str, Any] = json.loads((folder / "labels.json").read_text("utf-8"))
    return {name: Label(name, entry["title"], entry["definition"]) for name, entry in raw.items()}


def _canned(folder: Path, lang: str) -> list[CannedReply]:
    lines = (folder / "canned_replies.jsonl").read_text("utf-8").splitlines()
    return [
        CannedReply(
            reply_id=record["id"],
            title=record["title"],
            text=record["text"],
            intents=tuple(record["intents"]),
            strategy=record["strategy"],
            lang=lang,
        )
        for record in map(json.loads, filter(str.strip, lines))
    ]


def _knowledge(folder: Path, lang: str) -> list[FaqEntry]:
    return [
        entry
        for path in sorted((folder / "knowledge").glob("*.md"))
        for entry in read_articles(path.read_text("utf-8"), lang, f"{lang}/{path.stem}")
    ]
