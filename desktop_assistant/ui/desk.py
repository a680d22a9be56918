"""What the agent's desk holds, and what can be done at it. No widgets: views show its values.

INTERFACE FIRST; the bodies follow. Everything here runs on the main thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from desktop_assistant.analysis import Analysis
    from desktop_assistant.decision import Correction
    from desktop_assistant.inference.engine import EngineStatus, Suggestions
    from desktop_assistant.settings import Settings
    from desktop_assistant.suggestion import KnowledgeHit
    from desktop_assistant.ui.conversation_view import ConversationView


class Desk(QObject):
    """The state of all conversations, and the agent's hands. Views react to the signals.

    The strings are conversation ids unless said otherwise. On ``selected`` everything that is
    known of the conversation follows at once in the other signals (analysis_ready, then
    suggestions_ready or suggestions_pending, then knowledge_ready), so a view needs no
    state of its own.
    """

    conversation_added = Signal(str)
    conversation_changed = Signal(str)
    """Unread, waiting, mood, draft or status of it is another; ``view`` has the value."""
    order_changed = Signal()
    message_added = Signal(str, object)
    """id, Message: the customer's as it comes in, the agent's as soon as it is durable."""
    analysis_ready = Signal(str, str, object)
    """id, message id, Analysis."""
    suggestions_ready = Signal(str, object)
    """id, Suggestions: the cards in the order they are to be shown."""
    suggestions_pending = Signal(str)
    """id: better ones are on their way; cards that are shown stay until then."""
    knowledge_ready = Signal(str, list)
    """id, list of KnowledgeHit."""
    completion_ready = Signal(str, str, object)
    """id, draft, Completion: fits that draft; an empty text withdraws the ghost."""
    sending = Signal(str, object)
    """id, Message: handed to the store, not durable yet. The composer keeps its text."""
    sent = Signal(str, object)
    """id, Message: durable now (message_added came just before). The composer may be emptied."""
    send_failed = Signal(str, str, str)
    """id, text, sentence: nothing was stored; the text belongs back into the composer."""
    undelivered = Signal(str, str, str)
    """id, message id, sentence: stored, but the chat platform refused it."""
    correction_saved = Signal(str, object)
    """id, Correction: durable now."""
    notice = Signal(str, str)
    """level (error, warning, notice) and a sentence for the message bar."""
    engine_status = Signal(object)
    """EngineStatus, once the models are loaded."""
    selected = Signal(str)
    """id, or "" when no conversation is open."""

    def start(self) -> None:
        """Load the models in the background, then let the chats in. Called after show()."""

    def shutdown(self) -> None:
        """Save drafts, decide what is still open as ignored, and stop both workers."""

    @property
    def selected_id(self) -> str:
        """The conversation on show, or ""."""

    def select(self, conversation_id: str) -> None:
        """Show another conversation; its messages count as read."""

    def conversations(self) -> list[ConversationView]:
        """The open conversations, the one with the newest message first."""

    def view(self, conversation_id: str) -> ConversationView:
        """Raises: KeyError if there is no such conversation."""

    def analyses(self, conversation_id: str) -> dict[str, Analysis]:
        """What is known of its messages, by message id."""

    def corrections(self, conversation_id: str) -> list[Correction]:
        """What people corrected in it, oldest first."""

    def suggestions(self, conversation_id: str) -> Suggestions | None:
        """The cards as they stand, or None while nothing is there."""

    def knowledge(self, conversation_id: str) -> list[KnowledgeHit]:
        """What was found last for it."""

    def draft_changed(self, conversation_id: str, text: str, caret_at_end: bool) -> None:
        """Take up the composer's text after every change; asks for a completion soon."""

    def take_suggestion(self, conversation_id: str, index: int) -> str:
        """The text to insert for the card at ``index``, which counts as inserted from now on."""

    def dismiss_suggestion(self, index: int, reason: str = "") -> None:
        """Put away a card of the selected conversation."""

    def completion_shown(self, text: str) -> None:
        """The grey text of the newest completion_ready appeared. May be called again."""

    def completion_accepted(self, text: str, words: int) -> None:
        """The agent took ``text`` of the grey text, all of it or its first words."""

    def completion_dismissed(self) -> None:
        """The agent pressed Esc at the grey text."""

    def send(self, conversation_id: str, text: str) -> None:
        """Store the message; ``sent`` or ``send_failed`` follows. Blank text is not sent."""

    def correct_intent(self, conversation_id: str, message_id: str, label: str) -> None:
        """Store the agent's word against the model's."""

    def correct_sentiment(self, conversation_id: str, message_id: str, label: str) -> None:
        """Store the agent's word against the model's."""

    def search_knowledge(self, query: str) -> None:
        """Look something up for the selected conversation; ``knowledge_ready`` follows."""

    def resolve(self, conversation_id: str) -> None:
        """Close a conversation; it comes back when the customer writes again."""

    def reopen(self, conversation_id: str) -> None:
        """Undo ``resolve``."""

    def apply_settings(self, settings: Settings) -> None:
        """Take up what was changed, as far as it needs no restart."""
