"""The store: takes values in, gives values out, and keeps every promise about what was sent.

What ``send`` was called with is on the disk when it returns: killing the process, or the power,
at any later moment loses nothing of it. Rows and identities of rows never leave this package.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from desktop_assistant.store import rows
from desktop_assistant.store.connection import beside
from desktop_assistant.store.faults import store_errors
from desktop_assistant.store.opening import open_connection
from desktop_assistant.store.presence import Presence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from desktop_assistant.analysis import Analysis
    from desktop_assistant.conversation import Conversation, Message
    from desktop_assistant.decision import Correction, Decision, Shown
    from desktop_assistant.store.rows import ApprovedItem, ConversationStatus
    from desktop_assistant.training_example import Dialogue, FaqEntry

log = logging.getLogger(__name__)

TABLES = (
    "conversations",
    "messages",
    "analyses",
    "shown",
    "decisions",
    "corrections",
    "knowledge",
    "transcripts",
    "approvals",
)


class Store:
    """The database of one user, open. Used only on the thread that made it.

    Every method raises StoreError, with a sentence for the user, if the disk is full, the file
    cannot be written, or another program keeps it locked; what it was to write is then not there
    at all, and everything older still is.
    """

    def __init__(self, path: Path) -> None:
        """Open, create, migrate or recover the database at ``path``.

        ``notice`` tells what had to be done to a damaged one, and is "" otherwise;
        ``connection`` is for the modules of this package.

        Raises: StoreError if it cannot be opened or is from a newer version.
        """
        with store_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._presence = Presence(beside(path, ".lock"))
        try:
            self.connection, self.notice = open_connection(path, self._presence)
        except BaseException:
            self._presence.close()
            raise

    def close(self) -> None:
        self.connection.close()
        self._presence.close()

    def save_conversation(self, conversation: Conversation) -> None:
        """Add a conversation with its messages, or bring customer, language and channel up to date.

        Status and draft of a known conversation stay.
        """
        with self.connection.transaction():
            self.connection.write(
                rows.insert_into(
                    "conversations",
                    rows.CONVERSATION,
                    "ON CONFLICT (conversation_id) DO UPDATE SET lang = excluded.lang, "
                    "customer_name = excluded.customer_name, channel = excluded.channel",
                ),
                conversation.conversation_id,
                conversation.customer_name,
                conversation.lang,
                rows.time_text(conversation.started_at),
                conversation.channel,
            )
            for message in conversation.messages:
                self.save_message(message)

    def save_message(self, message: Message) -> bool:
        """Add a message of a known conversation, and say whether it was new."""
        added = self.connection.write(
            rows.insert_into("messages", rows.MESSAGE, "ON CONFLICT (message_id) DO NOTHING"),
            *rows.message_row(message),
        )
        return added > 0

    def send(self, message: Message, decisions: Sequence[tuple[str, Decision]] = ()) -> None:
        """Keep a message that is being sent, with what became of the suggestions shown for it.

        Durable when it returns. The conversation's draft is cleared along with it, so that a
        restart does not offer a sent text for sending again.

        Args:
            message: the agent's message.
            decisions: (shown_id, decision) of each suggestion that sending decides.
        """
        with self.connection.transaction():
            self.save_message(message)
            self.save_draft(message.conversation_id, "")
            for shown_id, decision in decisions:
                self._decide(shown_id, decision, message.message_id)

    def save_analysis(self, message_id: str, analysis: Analysis) -> None:
        """Keep what a message was understood as, in place of what an older model said."""
        with self.connection.transaction():
            self.connection.write("DELETE FROM analyses WHERE message_id = ?", message_id)
            self.connection.write(
                rows.insert_into("analyses", f"message_id, intent, sentiment, {rows.ANALYSIS}"),
                message_id,
                analysis.intent,
                analysis.sentiment,
                *rows.analysis_row(analysis),
            )

    def save_shown(self, *shown: Shown) -> None:
        """Keep what has appeared before the agent; what is already there stays as it was."""
        with self.connection.transaction():
            for one in shown:
                self.connection.write(
                    rows.insert_into("shown", rows.SHOWN, "ON CONFLICT (shown_id) DO NOTHING"),
                    *rows.shown_row(one),
                )

    def save_decision(self, shown_id: str, decision: Decision) -> None:
        """Keep what became of one shown suggestion. The first decision counts: it is made once."""
        self._decide(shown_id, decision, None)

    def save_correction(self, correction: Correction, at: datetime) -> None:
        """Keep a person's word; earlier ones, of the same person too, stay beside it."""
        self.connection.write(
            rows.insert_into("corrections", f"{rows.CORRECTION}, corrected_at"),
            *rows.correction_row(correction),
            rows.time_text(at),
        )

    def approve(
        self, item: ApprovedItem, message_id: str, label: str, approved_by: str, at: datetime
    ) -> None:
        """Release a reply, or one label of a message, for training.

        ``label`` is the intent or sentiment that was approved, and "" for a reply. A label that
        is corrected later is a new one, and not approved.
        """
        self.connection.write(
            rows.insert_into("approvals", "item, message_id, label, approved_by, approved_at"),
            item,
            message_id,
            label,
            approved_by,
            rows.time_text(at),
        )

    def save_draft(self, conversation_id: str, text: str) -> None:
        self.connection.write(
            "UPDATE conversations SET draft = ? WHERE conversation_id = ?", text, conversation_id
        )

    def set_status(self, conversation_id: str, status: ConversationStatus) -> None:
        self.connection.write(
            "UPDATE conversations SET status = ? WHERE conversation_id = ?", status, conversation_id
        )

    def conversations(
        self, newest_messages: int = 200, status: ConversationStatus | None = None
    ) -> list[Conversation]:
        """All conversations, or those of one status, by when they started.

        Args:
            newest_messages: how many messages of each are read, the newest ones.
            status: open or resolved; None for both.
        """
        found = self.connection.rows(
            f"""
            SELECT {rows.CONVERSATION} FROM conversations
            WHERE status = COALESCE(?, status) ORDER BY started_at, conversation_id
            """,  # noqa: S608  # names
            status,
        )
        return [
            rows.conversation_of(row, self._newest_messages(row[0], newest_messages))
            for row in found
        ]

    def statuses(self) -> dict[str, ConversationStatus]:
        """The status of each conversation, by its id."""
        return dict(self._pairs("SELECT conversation_id, status FROM conversations"))

    def drafts(self) -> dict[str, str]:
        """What stood in the composer of each conversation that has unsent text."""
        return dict(
            self._pairs("SELECT conversation_id, draft FROM conversations WHERE draft != ''")
        )

    def analyses(self, conversation_id: str) -> dict[str, Analysis]:
        """What the messages of a conversation were understood as, by message id."""
        found = self.connection.rows(
            f"""
            SELECT message_id, {rows.columns_of("a", rows.ANALYSIS)} FROM messages m
            JOIN analyses a USING (message_id)
            WHERE m.conversation_id = ? ORDER BY m.sequence
            """,  # noqa: S608  # names
            conversation_id,
        )
        return dict(rows.decoded(lambda row: (row[0], rows.analysis_of(row[1:])), found))

    def decisions(self, conversation_id: str) -> list[tuple[Shown, Decision | None]]:
        """All that was shown in a conversation, oldest first, and what became of it."""
        width = rows.SHOWN.count(",") + 1
        found = self.connection.rows(
            f"""
            SELECT {rows.columns_of("s", rows.SHOWN)}, {rows.columns_of("d", rows.DECISION)}
            FROM shown s LEFT JOIN decisions d USING (shown_id)
            WHERE s.conversation_id = ? ORDER BY s.shown_at, s.position, s.shown_id
            """,  # noqa: S608  # names
            conversation_id,
        )
        return rows.decoded(
            lambda row: (
                rows.shown_of(row[:width]),
                rows.decision_of(row[width:]) if row[width] is not None else None,
            ),
            found,
        )

    def corrections(self, conversation_id: str) -> list[Correction]:
        """All corrections in a conversation, oldest first."""
        found = self.connection.rows(
            f"""
            SELECT {rows.columns_of("k", rows.CORRECTION)} FROM messages m
            JOIN corrections k USING (message_id)
            WHERE m.conversation_id = ? ORDER BY k.corrected_at, k.correction_id
            """,  # noqa: S608  # names
            conversation_id,
        )
        return rows.decoded(rows.correction_of, found)

    def add_knowledge(self, entries: Sequence[FaqEntry]) -> int:
        """Import entries, all or none, and return how many are new.

        A question of the same source is the same entry: its answer is brought up to date.
        """
        before = self._count("knowledge")
        with self.connection.transaction():
            for entry in entries:
                self.connection.write(
                    rows.insert_into(
                        "knowledge",
                        rows.KNOWLEDGE,
                        "ON CONFLICT (question, source) DO UPDATE SET answer = excluded.answer, "
                        "lang = excluded.lang, queries = excluded.queries",
                    ),
                    *rows.knowledge_row(entry),
                )
        return self._count("knowledge") - before

    def knowledge(self) -> list[FaqEntry]:
        """All imported entries, in the order they came."""
        found = self.connection.rows(
            f"SELECT {rows.KNOWLEDGE} FROM knowledge ORDER BY entry_id"  # noqa: S608  # names
        )
        return rows.decoded(rows.knowledge_of, found)

    def add_transcripts(self, dialogues: Sequence[Dialogue]) -> int:
        """Import dialogues, all or none, and return how many were not there yet."""
        added = 0
        with self.connection.transaction():
            for dialogue in dialogues:
                row = rows.transcript_row(dialogue)
                added += self.connection.write(
                    rows.insert_into(
                        "transcripts",
                        f"{rows.TRANSCRIPT}, digest",
                        "ON CONFLICT (digest) DO NOTHING",
                    ),
                    *row,
                    rows.transcript_digest(row),
                )
        return added

    def transcripts(self) -> Iterator[Dialogue]:
        """The imported dialogues, one after the other, in the order they came."""
        for row in self.connection.rows(
            f"SELECT {rows.TRANSCRIPT} FROM transcripts ORDER BY transcript_id"  # noqa: S608  # names
        ):
            yield from rows.decoded(rows.transcript_of, [row])

    def sent_replies(self, limit: int) -> list[tuple[str, str]]:
        """(customer's message, agent's reply) of the newest replies, newest first.

        A reply answers the last thing the customer had said before it.
        """
        return list(
            self._pairs(
                """
                SELECT * FROM (
                    SELECT (
                        SELECT c.text FROM messages c
                        WHERE c.conversation_id = a.conversation_id AND c.role = 'customer'
                            AND c.sequence < a.sequence
                        ORDER BY c.sequence DESC LIMIT 1
                    ) AS asked, a.text
                    FROM messages a WHERE a.role = 'agent' ORDER BY a.sequence DESC
                ) WHERE asked IS NOT NULL LIMIT ?
                """,
                limit,
            )
        )

    def counts(self) -> dict[str, int]:
        """How many rows each table has."""
        return {table: self._count(table) for table in TABLES}

    def check(self) -> tuple[str, ...]:
        """Read the whole file and say what is wrong with it, in SQLite's words; often nothing."""
        found = [row[0] for row in self.connection.rows("PRAGMA integrity_check")]
        problems = [] if found == ["ok"] else found
        strays = self.connection.rows("PRAGMA foreign_key_check")
        problems += [f"a row of {row[0]} refers to a missing row of {row[2]}" for row in strays]
        return tuple(problems)

    def _decide(self, shown_id: str, decision: Decision, sent_message_id: str | None) -> None:
        # A message must not stay unsent because a suggestion was never stored: such a decision is
        # left out, and the log says so.
        if self.connection.row("SELECT 1 FROM shown WHERE shown_id = ?", shown_id) is None:
            log.warning("decision on %s, which was never stored as shown", shown_id)
            return
        self.connection.write(
            rows.insert_into(
                "decisions",
                f"shown_id, sent_message_id, {rows.DECISION}",
                "ON CONFLICT (shown_id) DO NOTHING",
            ),
            shown_id,
            sent_message_id,
            *rows.decision_row(decision),
        )

    def _newest_messages(self, conversation_id: str, limit: int) -> list[Message]:
        found = self.connection.rows(
            f"""
            SELECT {rows.MESSAGE} FROM messages
            WHERE conversation_id = ? ORDER BY sequence DESC LIMIT ?
            """,  # noqa: S608  # names
            conversation_id,
            limit,
        )
        return rows.decoded(rows.message_of, found)[::-1]

    def _pairs(self, sql: str, *values: object) -> Iterator[tuple[Any, Any]]:
        return ((first, second) for first, second in self.connection.rows(sql, *values))

    def _count(self, table: str) -> int:
        found = self.connection.row(f"SELECT COUNT(*) FROM {table}")  # noqa: S608  # a name of TABLES
        return int(found[0]) if found else 0
