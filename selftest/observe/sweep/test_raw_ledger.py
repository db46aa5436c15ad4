"""What is booked, what is taken back, what is told."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ordinance.observe.agent.wire import Outcome
from ordinance.observe.sweep import replies
from ordinance.observe.sweep.ledger import Ledger
from ordinance.observe.sweep.outcomes import OPEN_CODE, SILENT_CODE, UNASKED_CODE, Outcomes
from ordinance.observe.sweep.targets import Targets

PORTS = range(1, 201)


def ledger(hosts: int = 3) -> Ledger:
    return Ledger(Targets(hosts, PORTS, np.random.default_rng(4)), Outcomes())


def codes(book: Ledger, kinds: list[int], ttl: list[int]) -> np.ndarray:
    return book.outcomes.of_segments(np.array(kinds, np.uint8), np.array(ttl, np.uint8))


def told(book: Ledger, host: int) -> dict[int, Outcome]:
    return {p: outcome for outcome, runs in book.answers(host) for first, last in runs for p in range(first, last + 1)}


def ask_all(book: Ledger) -> None:
    book.ask(0, book.wanted(0, len(book.targets)))


@settings(max_examples=60, deadline=None)
@given(
    heard=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 200), st.sampled_from([0, 1]), st.integers(30, 64)), max_size=60),
    cuts=st.lists(st.integers(0, 60), max_size=3),
)
def test_the_weightiest_answer_stays_in_whatever_order_and_batches_they_come(heard: list, cuts: list[int]) -> None:
    book = ledger()
    ask_all(book)
    expected: dict[tuple[int, int], tuple[int, int]] = {}
    bounds = sorted({0, len(heard), *(min(cut, len(heard)) for cut in cuts)})
    for first, last in itertools.pairwise(bounds):
        part = heard[first:last]
        hosts, ports = np.array([h for h, *_ in part], np.int64), np.array([p for _, p, *_ in part], np.uint32)
        book.hear(hosts, ports, codes(book, [k for *_, k, _ in part], [t for *_, t in part]))
    for host, port, kind, ttl in heard:
        hops = next(top for top in (32, 64) if ttl <= top) - ttl
        weight = (0 if kind == replies.RST else 1, hops)
        expected[host, port] = max(expected.get((host, port), weight), weight)
    for host in range(3):
        for port, outcome in told(book, host).items():
            if (host, port) in expected:
                word, hops = expected[host, port]
                assert (outcome.answer, outcome.hops) == (("rst", "open")[word], hops)
            else:
                assert outcome.answer == "silent"


def test_what_was_not_asked_is_told_as_unasked_and_what_was_as_silent() -> None:
    book = ledger()
    book.ask(0, book.wanted(0, 30))
    assert [outcome.answer for outcome in told(book, 1).values()].count("silent") == 10
    assert [outcome.answer for outcome in told(book, 1).values()].count("unasked") == 190


def test_a_void_window_takes_back_silence_and_nothing_else() -> None:
    book = ledger()
    ask_all(book)
    ports = book.targets.ports_of(0, 30)
    book.hear(np.array([0, 1]), ports[:2], codes(book, [replies.OPEN, replies.RST], [63, 64]))
    assert book.void(0, 30, refusals=False) == 28
    assert told(book, 0)[int(ports[0])].answer == "open"
    assert told(book, 1)[int(ports[1])].answer == "rst"
    assert (book.states[2:30] == UNASKED_CODE).all()
    assert (book.states[30:] == SILENT_CODE).all()
    assert book.wanted(0, 30).sum() == 28


def test_a_window_whose_canaries_were_refused_takes_back_refusals_too() -> None:
    book = ledger()
    ask_all(book)
    ports = book.targets.ports_of(0, 30)
    book.hear(np.array([0, 1]), ports[:2], codes(book, [replies.OPEN, replies.RST], [63, 64]))
    icmp = book.outcomes.of_error("192.0.2.1", 3, 13, 64)
    book.hear(np.array([2]), ports[2:3], np.array([icmp], np.uint8))
    assert book.void(0, 30, refusals=True) == 29
    assert told(book, 0)[int(ports[0])].answer == "open"
    assert (book.states[1:30] == UNASKED_CODE).all()


def test_hosts_that_are_done_are_not_asked() -> None:
    book = ledger()
    book.active[:] = [True, False, True]
    assert book.wanted(0, 30).tolist() == [True, False, True] * 10
    assert book.count_wanted() == 400


def test_a_host_without_a_way_is_local_until_something_answers() -> None:
    book = ledger()
    book.give_up(1, "ENETUNREACH")
    assert set(told(book, 1).values()) == {Outcome("local", "ENETUNREACH")}
    assert book.count_wanted() == 400


def test_a_late_answer_after_a_void_still_counts() -> None:
    book = ledger()
    ask_all(book)
    book.void(0, 30, refusals=False)
    port = book.targets.ports_of(0, 3)[:1]
    book.hear(np.array([0]), port, codes(book, [replies.OPEN], [63]))
    assert told(book, 0)[int(port[0])] == Outcome("open", hops=1)


def test_answers_from_ports_that_were_never_asked_are_left_out() -> None:
    book = ledger()
    book.hear(np.array([0, 0]), np.array([0, 201], np.uint32), codes(book, [replies.OPEN] * 2, [63, 63]))
    assert (book.states == UNASKED_CODE).all()


def test_when_the_numbers_run_out_who_is_lost_and_never_what() -> None:
    outcomes = Outcomes()
    for number in range(300):
        outcomes.of_error(f"192.0.2.{number % 256}", 3, number // 256, 60)
    last = outcomes.of_error("198.51.100.1", 3, 13, 60)
    assert outcomes.named[last].answer == "icmp"
    code = int(outcomes.of_segments(np.array([replies.OPEN], np.uint8), np.array([17], np.uint8))[0])
    assert code == OPEN_CODE
    assert outcomes.named[code] == Outcome("open")
    assert (
        outcomes.named[int(outcomes.of_segments(np.array([replies.RST], np.uint8), np.array([17], np.uint8))[0])].answer == "rst"
    )


def test_a_byte_a_port_is_all_it_takes() -> None:
    book = Ledger(Targets(256, range(65536), np.random.default_rng(1)), Outcomes())
    assert book.states.nbytes == 256 * 65536
    assert book.targets.order.nbytes + book.targets.inverse.nbytes < 1 << 20


def test_a_host_is_there_when_a_port_of_it_is_open_and_not_when_it_is_refused() -> None:
    book = ledger()
    ask_all(book)
    book.hear(np.array([0, 1]), np.array([7, 8], np.uint32), codes(book, [replies.OPEN, replies.RST], [63, 64]))
    assert [book.is_held(host) for host in range(3)] == [True, False, False]
