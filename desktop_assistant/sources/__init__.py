"""Where conversations come from. A new chat platform is one new file here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_assistant.conversation import Conversation, Message


class ChatSource(Protocol):
    """A chat platform, seen from the desk. Callbacks may come on any thread.

    ``start`` is called once; ``on_conversation`` announces a chat before its first message, and
    ``on_message`` brings what the customer wrote. ``send`` hands over what the agent wrote, after
    it is durable in the store; it raises AssistantError if the platform refuses it.
    """

    name: str

    def start(
        self,
        on_conversation: Callable[[Conversation], None],
        on_message: Callable[[Message], None],
    ) -> None: ...

    def send(self, message: Message) -> None: ...

    def stop(self) -> None: ...
