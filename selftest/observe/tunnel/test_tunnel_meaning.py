"""What an SSH server's words about a channel mean, and that nothing it may say is taken for "closed" but what says so."""

import inspect
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordinance.observe.agent import answers, reckoning, sweep
from ordinance.observe.tunnel.meaning import outcome_of_refusal
from ordinance.observe.tunnel.sweep import Deaf


@pytest.mark.parametrize(
    ("code", "text", "answer"),
    [
        (2, "Connection refused", "rst"),
        (2, "No route to host", "icmp"),
        (2, "Host is unreachable", "icmp"),
        (2, "Network is unreachable", "icmp"),
        (2, "Connection timed out", "silent"),
        (2, "open failed", None),
        (4, "resource shortage", None),
        (1, "open failed", "unasked"),
        (1, "Connection refused", "unasked"),
        (3, "unknown channel type", "unasked"),
        (0, "", "unasked"),
        (99, "Connection refused", "unasked"),
        (2, "Permission denied", "local"),
        (2, "Name or service not known", "local"),
        (2, "", "local"),
        (2, "Connection refused by policy", "local"),
    ],
)
def test_what_the_words_mean(code, text, answer) -> None:
    outcome = outcome_of_refusal(code, text)
    assert (outcome.answer if outcome else None) == answer


@given(st.integers(0, 2**32 - 1), st.text())
def test_no_words_mean_open_and_only_the_kernels_mean_closed(code: int, text: str) -> None:
    outcome = outcome_of_refusal(code, text)
    assert outcome is None or outcome.answer != "open"
    if outcome is not None and outcome.answer == "rst":
        assert (code, text.strip().lower()) == (2, "connection refused")


def test_what_the_server_says_cannot_act_on_a_terminal() -> None:
    outcome = outcome_of_refusal(1, "\x1b[2J\u202e" * 400)
    assert outcome is not None
    assert "\x1b" not in outcome.by
    assert len(outcome.by) < 1000


def test_who_hears_nothing_has_all_that_the_sweep_asks_of_who_hears() -> None:
    sources = "".join(map(inspect.getsource, (sweep, answers, reckoning)))
    asked = set(re.findall(r"\bears\.(\w+)", sources))
    assert {"late", "refined", "reset_hops", "usual_hops", "listen"} <= asked
    assert [name for name in asked if not hasattr(Deaf(), name)] == []
