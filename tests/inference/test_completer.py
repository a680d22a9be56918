from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desktop_assistant.completion import CompletionKind, NoCompletion
from desktop_assistant.conversation import Turn
from desktop_assistant.inference.completer import Completer, PhraseIndex
from desktop_assistant.inference.decoder import Decoder
from desktop_assistant.inference.engine import never
from tests.tiny_models import ANSWERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from desktop_assistant.inference.decoder import KeyValueCache

ASKED, ANSWER = ANSWERS[0]
TURNS = (Turn("customer", ASKED),)
NO_PHRASES = PhraseIndex([])


class BreakingLines(Decoder):
    """Has only one thing to say: a line break, "there", and a full stop."""

    def next_logits(self, cache: KeyValueCache, tokens: Sequence[int]) -> NDArray[np.float32]:
        logits = super().next_logits(cache, tokens).copy()
        said = self.decode(tokens[-8:])
        written = said.split("Hello!")[-1]
        script = self.encode("\nthere now.")
        logits[:] = 0.0
        logits[script[len(self.encode(written))]] = 20.0
        return logits


@pytest.fixture
def completer(decoder: Decoder) -> Completer:
    return Completer(decoder, NO_PHRASES)


@pytest.mark.training
@pytest.mark.parametrize("length", range(3, len(ANSWER) - 1))
def test_a_known_answer_is_completed_from_any_key_on(completer: Completer, length: int) -> None:
    draft = ANSWER[:length]

    found = completer.complete("chat", TURNS, draft, {}, never)

    assert found.kind == CompletionKind.GENERATED
    assert ANSWER.startswith(draft + found.text)
    assert 0.5 <= found.score <= 1.0
    assert found.source == "tiny-reply-fp32@1.0.0"


@pytest.mark.training
def test_a_half_typed_word_is_completed_and_never_repeated(completer: Completer) -> None:
    found = completer.complete("chat", TURNS, "I will check the sta", {}, never)

    assert found.text.startswith("tus of your order")


@pytest.mark.training
def test_a_blank_after_the_word_is_not_doubled(completer: Completer) -> None:
    found = completer.complete("chat", TURNS, "I will check the ", {}, never)

    assert found.text.startswith("status of your order")


@pytest.mark.training
def test_the_first_word_of_a_second_line_is_completed_too(decoder: Decoder) -> None:
    decoder = BreakingLines(decoder.card, decoder.session)
    completer = Completer(decoder, NO_PHRASES)

    found = completer.complete("chat", TURNS, "Hello!\nthe", {}, never)

    assert found.text == "re now."


@pytest.mark.training
def test_words_that_the_model_does_not_expect_leave_it_silent(completer: Completer) -> None:
    found = completer.complete("chat", TURNS, "zqx vvk jjj qqq", {}, never)

    assert found.text == ""
    assert found.reason == NoCompletion.UNSURE


@pytest.mark.training
def test_a_cancelled_completion_is_empty_and_says_so(completer: Completer) -> None:
    found = completer.complete("chat", TURNS, "I will check", {}, lambda: True)

    assert found.text == ""
    assert found.reason == NoCompletion.CANCELLED


@pytest.mark.training
def test_a_language_that_the_decoder_does_not_speak_is_the_reason(completer: Completer) -> None:
    found = completer.complete("chat", TURNS, "您好，您的订单", {}, never)

    assert found.text == ""
    assert found.reason == NoCompletion.LANGUAGE


def test_without_a_decoder_only_phrases_complete() -> None:
    completer = Completer(None, PhraseIndex(["Thank you for your patience."]))

    known = completer.complete("chat", TURNS, "Thank you for", {}, never)
    unknown = completer.complete("chat", TURNS, "I will check", {}, never)

    assert (known.text, known.kind) == (" your patience.", CompletionKind.PHRASE)
    assert unknown.reason == NoCompletion.NO_MODEL


@pytest.mark.parametrize("draft", ["", "   ", "\n", "Hello.\n"])
def test_an_empty_line_is_not_completed(draft: str) -> None:
    completer = Completer(None, PhraseIndex(["Hello, how can I help you?"]))

    found = completer.complete("chat", TURNS, draft, {}, never)

    assert found.reason == NoCompletion.EMPTY_DRAFT


def test_phrases_complete_only_what_all_of_them_share() -> None:
    index = PhraseIndex(["I will refund you today.", "I will refund you tomorrow.", "I know it."])

    assert index.completion("I will r") == "efund you "
    assert index.completion("I will refund you ") == ""
    assert index.completion("I will refund you tod") == "ay."
    assert index.completion("I will x") == ""


def test_phrases_need_some_characters_before_they_are_offered() -> None:
    index = PhraseIndex(["Please wait a moment.", "请您稍等一下，我马上查。"])

    assert index.completion("Please ") == ""
    assert index.completion("Please w") == "ait a moment."
    assert index.completion("请您") == ""
    assert index.completion("请您稍") == "等一下，我马上查。"


def test_phrases_are_found_in_the_last_sentence_whatever_its_case() -> None:
    index = PhraseIndex(["Thank you for your patience."])

    assert index.completion("Hello. thank you f") == "or your patience."
    assert index.completion("Hello! THANK YOU F") == "or your patience."


def test_a_letter_that_grows_when_folded_does_not_shift_the_rest() -> None:
    index = PhraseIndex(["Große Straße am Markt."])

    assert index.completion("grosse strasse") == ""
    assert index.completion("Große Str") == "aße am Markt."


def test_a_phrase_is_filled_and_ends_before_a_variable_that_nobody_knows() -> None:
    completer = Completer(
        None, PhraseIndex(["My name is {agent_name} and your order is {order_id}."])
    )

    found = completer.complete("chat", TURNS, "My name is", {"agent_name": "Ada"}, never)

    assert found.text == " Ada and your order is "


def test_a_sentence_that_was_sent_twice_is_completed_from_then_on() -> None:
    completer = Completer(None, PhraseIndex(["Please hold the line."]))

    completer.learn(["We close at six. Please come by tomorrow."])
    before = completer.complete("c", TURNS, "Please c", {}, never).text
    completer.learn(["Please come by tomorrow."])

    assert before == ""
    assert completer.complete("c", TURNS, "Please c", {}, never).text == "ome by tomorrow."


def test_sentences_with_numbers_are_never_offered_to_another_customer() -> None:
    completer = Completer(None, PhraseIndex([]))

    completer.learn(["Your parcel 4711 is on its way."] * 3)

    assert completer.complete("c", TURNS, "Your parcel", {}, never).text == ""


@given(draft=st.text(max_size=60), phrases=st.lists(st.text(max_size=40), max_size=4))
def test_a_phrase_never_alters_the_draft(draft: str, phrases: list[str]) -> None:
    index = PhraseIndex([*phrases, draft + " and more of it.", draft.upper()])
    completer = Completer(None, index)

    found = completer.complete("chat", (), draft, {"agent_name": "Ada"}, never)

    assert (draft + found.text).startswith(draft)
    assert bool(found.text) == (found.reason is None)
    assert "\n" not in found.text
    assert len(found.text) <= 160


@pytest.mark.training
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    draft=st.one_of(
        st.text(max_size=40),
        st.integers(0, len(ANSWER)).map(lambda end: ANSWER[:end]),
        st.tuples(st.integers(0, len(ANSWER)), st.text(max_size=6)).map(
            lambda parts: ANSWER[: parts[0]] + parts[1]
        ),
    )
)
def test_a_generated_completion_never_alters_the_draft(completer: Completer, draft: str) -> None:
    found = completer.complete("chat", TURNS, draft, {}, never)

    assert (draft + found.text).startswith(draft)
    assert bool(found.text) == (found.reason is None)
    assert "\n" not in found.text
    assert "\ufffd" not in found.text


@pytest.mark.training
@pytest.mark.parametrize(
    "draft", ["\ud800", "Hi \udfff there", "x" * 5000, "I " * 3000, "<|im_end|>"]
)
def test_odd_drafts_are_no_error(completer: Completer, draft: str) -> None:
    found = completer.complete("chat", (*TURNS, Turn("customer", draft)), draft, {}, never)

    assert (draft + found.text).startswith(draft)
