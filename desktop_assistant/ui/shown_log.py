"""Everything that appeared before the agent, until it is decided what became of it.

Each card and each grey completion becomes one ``Shown`` row when it appears and gets exactly one
``Decision``. Lives on the main thread; the rows are written on the store's.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desktop_assistant.completion import CompletionKind, type_through
from desktop_assistant.decision import Decision, Outcome, Shown, classify, edit_distance

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from desktop_assistant.errors import AssistantError
    from desktop_assistant.store.database import Store
    from desktop_assistant.suggestion import Suggestion
    from desktop_assistant.ui.background import Background
    from desktop_assistant.ui.clock import Clock
    from desktop_assistant.ui.completion_requests import Offer

SEEN_AFTER_MS = 250
"""What was there for less cannot have been seen: simple visual reaction times centre here
(Woods et al. 2015, Frontiers in Human Neuroscience 9:131). It came too late."""


@dataclass(slots=True)
class _OpenCard:
    shown: Shown
    shown_s: float
    is_inserted: bool = False
    keystrokes_before: int = 0


@dataclass(slots=True)
class _OpenCompletion:
    shown: Shown
    shown_s: float
    rest: str
    taken_words: int = 0


@dataclass(frozen=True, slots=True)
class Pending:
    """A shown row that sending will decide; ``decide`` may be called on any thread."""

    shown_id: str
    decide: Callable[[str], Decision]


class ShownLog:
    """Keeps what is open, and writes rows and decisions as they fall."""

    def __init__(
        self,
        store: Background[Store],
        clock: Clock,
        on_failed: Callable[[AssistantError], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._on_failed = on_failed
        self._cards: dict[str, list[_OpenCard]] = {}
        self._completion: _OpenCompletion | None = None
        self._keystrokes: dict[str, int] = {}

    def show_cards(
        self,
        conversation_id: str,
        message_id: str,
        cards: Sequence[Suggestion],
        *,
        model: str,
        latency_ms: float,
        draft: str,
    ) -> None:
        """Take note of the cards as they stand before the agent now.

        Those that are gone and were not inserted were ignored; those that stay keep their row.
        """
        self._end_gone(conversation_id, {(message_id, card.text) for card in cards})
        open_cards = self._cards.setdefault(conversation_id, [])
        known = {_key(card) for card in open_cards}
        fresh = [
            Shown(
                shown_id=str(uuid.uuid4()),
                conversation_id=conversation_id,
                message_id=message_id,
                surface="suggestion",
                kind=card.kind,
                text=card.text,
                source=card.source,
                model=card.source if card.kind == "generated" else model,
                score=card.score,
                position=position,
                shown_at=self._clock.now(),
                latency_ms=latency_ms,
                draft=draft,
            )
            for position, card in enumerate(cards)
            if (message_id, card.text) not in known
        ]
        if fresh:
            open_cards.extend(_OpenCard(shown, self._clock.seconds()) for shown in fresh)
            self._store.ask(lambda store, _: store.save_shown(*fresh), on_failed=self._on_failed)

    def insert_card(self, conversation_id: str, text: str) -> None:
        """The agent took the card with this text into the composer."""
        for card in self._open_cards(conversation_id, text):
            card.is_inserted = True
            # The insertion itself reaches us as a change of the draft, too.
            card.keystrokes_before = self._keystrokes.get(conversation_id, 0) + 1

    def dismiss_card(self, conversation_id: str, text: str, reason: str) -> None:
        """The agent put the card with this text away."""
        for card in self._open_cards(conversation_id, text):
            self._end_card(conversation_id, card, Outcome.DISMISSED, reason or None)

    def show_completion(self, offer: Offer) -> None:
        """A grey text appeared after the draft it is for; the one before it is over."""
        self.end_completion(Outcome.IGNORED)
        completion = offer.completion
        is_generated = completion.kind is CompletionKind.GENERATED
        shown = Shown(
            shown_id=str(uuid.uuid4()),
            conversation_id=offer.conversation_id,
            message_id=offer.message_id,
            surface="completion",
            kind=completion.kind.value,
            text=completion.text,
            source=completion.source,
            model=completion.source if is_generated else "",
            score=completion.score,
            position=0,
            shown_at=self._clock.now(),
            latency_ms=offer.latency_ms,
            draft=offer.draft,
        )
        self._completion = _OpenCompletion(shown, self._clock.seconds(), completion.text)
        self._store.ask(lambda store, _: store.save_shown(shown), on_failed=self._on_failed)

    def follow_draft(self, conversation_id: str, draft: str) -> None:
        """The draft is another now; a grey text that no longer fits it is over.

        When the draft has reached its end, it may have been taken: that is said right after, by
        ``take_completion``.
        """
        self._keystrokes[conversation_id] = self._keystrokes.get(conversation_id, 0) + 1
        current = self._completion
        if current is None:
            return
        shown = current.shown
        rest = type_through(shown.draft, shown.text, draft)
        if rest or draft == shown.draft + shown.text:
            current.rest = rest
        else:
            self.end_completion(Outcome.TYPED_OVER if current.rest else Outcome.IGNORED)

    def take_completion(self, words: int) -> None:
        """The agent took so many words of the grey text, and the draft has them already."""
        current = self._completion
        if current is not None:
            current.taken_words += words
            if not current.rest:
                self.end_completion(Outcome.ACCEPTED)

    def end_completion(self, outcome: Outcome) -> None:
        """The grey text is gone; what was taken of it by words counts before ``outcome``."""
        current, self._completion = self._completion, None
        if current is not None:
            self._save(current.shown.shown_id, self._completion_decision(current, outcome))

    def pending(self, conversation_id: str) -> list[Pending]:
        """What sending a message decides: the open cards of its conversation and the grey text.

        They stay open until ``forget``, for sending may fail.
        """
        seconds, keys = self._clock.seconds(), self._keystrokes.get(conversation_id, 0)
        found = [
            Pending(card.shown.shown_id, _deciding(card, seconds, keys))
            for card in self._cards.get(conversation_id, [])
        ]
        current = self._completion
        if current is not None and current.shown.conversation_id == conversation_id:
            decision = self._completion_decision(current, Outcome.IGNORED)
            found.append(Pending(current.shown.shown_id, lambda _: decision))
        return found

    def forget(self, conversation_id: str, pending: Sequence[Pending]) -> None:
        """Sending has decided these."""
        decided = {one.shown_id for one in pending}
        left = self._cards.get(conversation_id, [])
        self._cards[conversation_id] = [c for c in left if c.shown.shown_id not in decided]
        self._keystrokes.pop(conversation_id, None)
        if self._completion is not None and self._completion.shown.shown_id in decided:
            self._completion = None

    def close(self, conversation_id: str) -> None:
        """Nobody will answer here any more: what is open was ignored."""
        for card in list(self._cards.pop(conversation_id, [])):
            self._end_card(conversation_id, card, Outcome.IGNORED)
        current = self._completion
        if current is not None and current.shown.conversation_id == conversation_id:
            self.end_completion(Outcome.IGNORED)

    def close_all(self) -> None:
        self.end_completion(Outcome.IGNORED)
        for conversation_id in list(self._cards):
            self.close(conversation_id)

    def _end_gone(self, conversation_id: str, still: set[tuple[str | None, str]]) -> None:
        for card in list(self._cards.get(conversation_id, [])):
            if not card.is_inserted and _key(card) not in still:
                outcome = self._unseen_or(Outcome.IGNORED, card.shown_s)
                self._end_card(conversation_id, card, outcome)

    def _open_cards(self, conversation_id: str, text: str) -> list[_OpenCard]:
        return [c for c in self._cards.get(conversation_id, []) if c.shown.text == text]

    def _end_card(
        self, conversation_id: str, card: _OpenCard, outcome: Outcome, reason: str | None = None
    ) -> None:
        left = self._cards.get(conversation_id, [])
        self._cards[conversation_id] = [c for c in left if c is not card]
        decision = Decision(
            outcome,
            time_to_decision_ms=_ms(self._clock.seconds() - card.shown_s),
            reason=reason,
        )
        self._save(card.shown.shown_id, decision)

    def _completion_decision(self, current: _OpenCompletion, outcome: Outcome) -> Decision:
        if current.taken_words and outcome is not Outcome.ACCEPTED:
            outcome = Outcome.ACCEPTED_IN_PART
        elif outcome in (Outcome.TYPED_OVER, Outcome.IGNORED):
            outcome = self._unseen_or(outcome, current.shown_s)
        return Decision(
            outcome,
            accepted_words=current.taken_words,
            time_to_decision_ms=_ms(self._clock.seconds() - current.shown_s),
        )

    def _unseen_or(self, outcome: Outcome, shown_s: float) -> Outcome:
        was_seen = _ms(self._clock.seconds() - shown_s) >= SEEN_AFTER_MS
        return outcome if was_seen else Outcome.TOO_LATE

    def _save(self, shown_id: str, decision: Decision) -> None:
        self._store.ask(
            lambda store, _: store.save_decision(shown_id, decision), on_failed=self._on_failed
        )


def decision_on_send(
    suggested: str, sent: str, *, is_inserted: bool, visible_ms: int, keystrokes: int
) -> Decision:
    """What sending ``sent`` makes of a card that was there for ``visible_ms``.

    The edit distance costs some 3 ms for a reply of 150 characters, so this runs on the store's
    thread, and only for cards that were inserted.
    """
    outcome = classify(suggested, sent, inserted=is_inserted)
    if outcome is Outcome.IGNORED and visible_ms < SEEN_AFTER_MS:
        outcome = Outcome.TOO_LATE
    return Decision(
        outcome,
        final_text=sent,
        edit_distance=edit_distance(suggested, sent) if is_inserted else None,
        keystrokes=keystrokes,
        time_to_decision_ms=visible_ms,
    )


def _deciding(card: _OpenCard, seconds: float, keystrokes: int) -> Callable[[str], Decision]:
    suggested, is_inserted = card.shown.text, card.is_inserted
    visible_ms = _ms(seconds - card.shown_s)
    own_keystrokes = max(0, keystrokes - card.keystrokes_before)

    def decide(sent: str) -> Decision:
        return decision_on_send(
            suggested,
            sent,
            is_inserted=is_inserted,
            visible_ms=visible_ms,
            keystrokes=own_keystrokes,
        )

    return decide


def _key(card: _OpenCard) -> tuple[str | None, str]:
    return card.shown.message_id, card.shown.text


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
