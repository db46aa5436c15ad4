"""Which part is tonight's: what waited longest; every block in its turn, and none for ever because of one that fails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ordinance.inventory.model import Pace
from ordinance.observe.api import Night
from ordinance.observe.rotation import BLOCK, BLOCKS, Part, Window, choose, ports_of
from ordinance.sight.perimeter import AddressSweep, Answer, PortAnswer, Reply
from selftest.judge.perimeter_city import certificate, sweep

START = datetime(2026, 1, 1, tzinfo=UTC)
SILENT = Reply(answer=Answer.SILENT)
GENTLE = Pace(50, 200)


def addresses(number: int) -> list:
    return [ip_address("198.51.100.0") + n for n in range(number)]


def window(minutes: float, pace: Pace = GENTLE) -> Window:
    return Window(60.0 * minutes, pace, 1, 400)


def night(day: int, part: Part, *, fine: bool = True, linked: bool = True) -> Night:
    started = (START + timedelta(days=day)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    seen = tuple(AddressSweep(address=str(a), answers=(PortAnswer(ports=(part.ports,), reply=SILENT),)) for a in part.addresses)
    held = replace(sweep(), addresses=seen, certificate=certificate(started=started, complete=fine))
    return Night(f"night-{day}", linked, "", held)


def test_where_everything_fits_nothing_rotates() -> None:
    assert choose(addresses(4), (), window(1440, Pace(None, None)), 1e-4) is None
    assert choose((), (), window(1), 1e-4) is None


def test_the_blocks_are_all_ports_and_no_port_twice() -> None:
    ports = [port for block in range(BLOCKS) for first, last in [ports_of(block, 1)] for port in range(first, last + 1)]
    assert ports == list(range(1, 65_536))
    assert ports_of(0, BLOCKS) == (1, 65_535)


@pytest.mark.parametrize(("count", "minutes"), [(16, 240), (64, 60), (300, 30), (3, 5)])
def test_every_block_of_every_address_has_its_turn_and_the_oldest_comes_first(count: int, minutes: int) -> None:
    everyone, nights, seen = addresses(count), [], {}
    for day in range(2000):
        part = choose(everyone, nights[-400:], window(minutes), 1e-4)
        assert part is not None
        blocks = range(part.ports[0] // BLOCK, part.ports[1] // BLOCK + 1)
        fresh = {(address, block) for address in part.addresses for block in blocks}
        assert window(minutes).fits(len(part.addresses), part.ports[1] - part.ports[0]) or len(fresh) == 1
        if len(seen) < count * BLOCKS:
            assert fresh - seen.keys(), "nothing new, and not all is done"
        seen |= dict.fromkeys(fresh, day)
        nights.append(night(day, part))
        if len(seen) == count * BLOCKS or day > 60:
            break
    assert len(seen) == count * BLOCKS or day > 60


def test_the_same_nights_lead_to_the_same_part_in_whatever_order_they_are_read() -> None:
    everyone, nights = addresses(16), []
    for day in range(7):
        part = choose(everyone, nights, window(240), 1e-4)
        assert part == choose(everyone, tuple(reversed(nights)), window(240), 1e-4)
        nights.append(night(day, part))


def test_a_part_that_came_to_nothing_has_another_turn_at_once_and_then_waits() -> None:
    everyone = addresses(16)
    first = choose(everyone, (), window(240), 1e-4)
    nights = [night(0, first, fine=False)]
    assert choose(everyone, nights, window(240), 1e-4) == first
    nights.append(night(1, first, fine=False))
    assert choose(everyone, nights, window(240), 1e-4) != first


def test_nights_that_do_not_count_have_had_no_turn() -> None:
    everyone = addresses(16)
    first = choose(everyone, (), window(240), 1e-4)
    assert choose(everyone, [night(0, first, linked=False)], window(240), 1e-4) == first


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 40), st.integers(2, 1440), st.integers(1, 100), st.integers(1, 400))
def test_a_part_is_of_the_city_and_never_empty(count: int, minutes: int, per_host: int, total: int) -> None:
    part = choose(addresses(count), (), window(minutes, Pace(min(per_host, total), total)), 1e-4)
    if part is not None:
        assert part.addresses
        assert set(part.addresses) <= set(addresses(count))
        assert 1 <= part.ports[0] <= part.ports[1] <= 65_535
