"""The schema, as the steps that lead to it. Steps are appended, and never edited after a release.

Times are UTC, ISO 8601 with microseconds, so that they sort as text; durations are whole
milliseconds; lists and mappings are JSON. ``messages.sequence`` is the order of arrival, which is
what the agent saw: the clocks of platform and desk may differ.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from desktop_assistant.errors import StoreError

MIGRATION_SET = "desktop_assistant"


def m0001_create_conversations(db: Database) -> None:
    db.execute("""
        CREATE TABLE conversations (
            conversation_id TEXT PRIMARY KEY NOT NULL,
            customer_name TEXT NOT NULL,
            lang TEXT NOT NULL,
            channel TEXT NOT NULL,
            started_at TEXT NOT NULL,
            status TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'resolved')),
            draft TEXT NOT NULL DEFAULT ''
        ) STRICT
    """)
    db.execute("""
        CREATE TABLE messages (
            sequence INTEGER PRIMARY KEY,
            message_id TEXT NOT NULL UNIQUE,
            conversation_id TEXT NOT NULL REFERENCES conversations,
            role TEXT NOT NULL CHECK (role IN ('customer', 'agent')),
            text TEXT NOT NULL,
            sent_at TEXT NOT NULL
        ) STRICT
    """)
    db.execute("CREATE INDEX messages_of_conversation ON messages (conversation_id)")
    db.execute("""
        CREATE TABLE analyses (
            message_id TEXT PRIMARY KEY NOT NULL REFERENCES messages (message_id),
            model TEXT NOT NULL,
            lang TEXT NOT NULL,
            intent TEXT NOT NULL,
            sentiment TEXT NOT NULL,
            intents TEXT NOT NULL,
            sentiments TEXT NOT NULL,
            entities TEXT NOT NULL,
            strategies TEXT NOT NULL,
            evidence TEXT NOT NULL,
            latency_ms INTEGER NOT NULL
        ) STRICT
    """)


def m0002_create_decisions(db: Database) -> None:
    db.execute("""
        CREATE TABLE shown (
            shown_id TEXT PRIMARY KEY NOT NULL,
            conversation_id TEXT NOT NULL REFERENCES conversations,
            message_id TEXT REFERENCES messages (message_id),
            surface TEXT NOT NULL CHECK (surface IN ('suggestion', 'completion')),
            kind TEXT NOT NULL,
            text TEXT NOT NULL,
            source TEXT NOT NULL,
            model TEXT NOT NULL,
            score REAL NOT NULL,
            position INTEGER NOT NULL,
            shown_at TEXT NOT NULL,
            latency_ms INTEGER NOT NULL,
            draft TEXT NOT NULL
        ) STRICT
    """)
    db.execute("CREATE INDEX shown_in_conversation ON shown (conversation_id)")
    db.execute("""
        CREATE TABLE decisions (
            shown_id TEXT PRIMARY KEY NOT NULL REFERENCES shown,
            sent_message_id TEXT REFERENCES messages (message_id),
            outcome TEXT NOT NULL,
            final_text TEXT,
            edit_distance INTEGER,
            accepted_words INTEGER NOT NULL,
            keystrokes INTEGER NOT NULL,
            time_to_decision_ms INTEGER NOT NULL,
            reason TEXT
        ) STRICT
    """)
    db.execute("CREATE INDEX decisions_of_message ON decisions (sent_message_id)")
    db.execute("""
        CREATE TABLE corrections (
            correction_id INTEGER PRIMARY KEY,
            message_id TEXT NOT NULL REFERENCES messages (message_id),
            target TEXT NOT NULL CHECK (target IN ('intent', 'sentiment')),
            predicted TEXT NOT NULL,
            corrected TEXT NOT NULL,
            corrected_by TEXT NOT NULL,
            model TEXT NOT NULL,
            corrected_at TEXT NOT NULL
        ) STRICT
    """)
    db.execute("""
        CREATE INDEX corrections_of_message ON corrections (message_id, target, corrected_at)
    """)


def m0003_create_knowledge(db: Database) -> None:
    db.execute("""
        CREATE TABLE knowledge (
            entry_id INTEGER PRIMARY KEY,
            question TEXT NOT NULL,
            answer TEXT NOT NULL,
            lang TEXT NOT NULL,
            source TEXT NOT NULL,
            queries TEXT NOT NULL,
            UNIQUE (question, source)
        ) STRICT
    """)
    db.execute("""
        CREATE TABLE transcripts (
            transcript_id INTEGER PRIMARY KEY,
            digest TEXT NOT NULL UNIQUE,
            dialogue_id TEXT NOT NULL,
            lang TEXT NOT NULL,
            domain TEXT NOT NULL,
            customer_name TEXT NOT NULL,
            turns TEXT NOT NULL
        ) STRICT
    """)


def m0004_create_approvals(db: Database) -> None:
    """An approval holds the label it approved: a label that changes later is not approved by it."""
    db.execute("""
        CREATE TABLE approvals (
            approval_id INTEGER PRIMARY KEY,
            item TEXT NOT NULL CHECK (item IN ('reply', 'intent', 'sentiment')),
            message_id TEXT NOT NULL REFERENCES messages (message_id),
            label TEXT NOT NULL,
            approved_by TEXT NOT NULL,
            approved_at TEXT NOT NULL
        ) STRICT
    """)
    db.execute("CREATE INDEX approvals_of_message ON approvals (message_id, item)")


STEPS = (
    m0001_create_conversations,
    m0002_create_decisions,
    m0003_create_knowledge,
    m0004_create_approvals,
)


def migrations() -> Migrations:
    """All steps, oldest first, as sqlite-utils applies them."""
    steps = Migrations(MIGRATION_SET)
    for step in STEPS:
        steps()(step)
    return steps


def is_up_to_date(db: Database) -> bool:
    return not migrations().pending(db)


def migrate(db: Database) -> None:
    """Apply what is missing, all of it or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        migrations().apply(db)
        # A PRAGMA takes no bound values; the number is our own.
        db.execute(f"PRAGMA user_version = {len(STEPS)}")
        db.commit()
    except BaseException:
        db.rollback()
        raise


def refuse_foreign(db: Database, path: object) -> None:
    """Raises: StoreError if the database is from a newer version, or another program's."""
    applied = {step.name for step in migrations().applied(db)}
    unknown = applied - {step.__name__ for step in STEPS}
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if unknown or version > len(STEPS):
        message = (
            f"{path} was written by a newer version of the assistant. Install that version, or "
            "choose another folder with --home; the file was not changed."
        )
        raise StoreError(message)
    if not applied and db.table_names():
        message = (
            f"{path} is a database of another program. Choose another folder with --home; the "
            "file was not changed."
        )
        raise StoreError(message)
