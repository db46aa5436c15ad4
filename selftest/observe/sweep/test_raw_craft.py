"""Frames against a reference that goes byte by byte."""

from __future__ import annotations

import struct
from ipaddress import ip_address

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordinance.observe.sweep.cookies import Cookies
from ordinance.observe.sweep.craft import Crafter
from ordinance.observe.sweep.permit import OutOfScope, Permit

ALL = Permit({"allow": ["0.0.0.0/0", "::/0"]})
KEY = bytes(range(24))
words = st.integers(0, 2**32 - 1)
ports = st.integers(0, 65535)
macs = st.binary(min_size=6, max_size=6)


def number(key: bytes, address: int, port: int, source: int, salt: int) -> int:
    """A cookie in plain arithmetic."""
    key_words = list(struct.unpack("<6I", key))
    key_words[2] |= 1
    x = (address ^ key_words[0]) * 0x85EBCA6B % 2**32
    x ^= x >> 15
    x = (x + ((port << 16 | source) ^ key_words[1]) + salt * key_words[2]) % 2**32
    x = x * 0xC2B2AE35 % 2**32
    x ^= x >> 13
    x = x * 0x27D4EB2F % 2**32
    x ^= x >> 16
    return x ^ key_words[3]


def name6(key: bytes, address: bytes) -> int:
    key_words = list(struct.unpack("<6I", key))
    x = key_words[5]
    for part in struct.unpack(">4I", address):
        x = ((x ^ part) * 0x9E3779B1 + (key_words[4] | 1)) % 2**32
        x ^= x >> 15
    return x


def checksum(data: bytes) -> int:
    total = 0
    for at in range(0, len(data), 2):
        total += data[at] * 256 + data[at + 1]
        if total > 0xFFFF:
            total -= 0xFFFF
    return 0xFFFF - total


def reference(source: str, target: str, hop: bytes, own: bytes, port: int, own_port: int, salt: int, key: bytes) -> bytes:
    far, near = ip_address(target).packed, ip_address(source).packed
    name = struct.unpack(">I", far)[0] if len(far) == 4 else name6(key, far)
    tcp = bytearray(
        struct.pack(">HHIIBBHHHBBH", own_port, port, number(key, name, port, own_port, salt), 0, 0x60, 2, 64240, 0, 0, 2, 4, 1460)
    )
    tcp[16:18] = struct.pack(">H", checksum(near + far + struct.pack(">HH", 6, len(tcp)) + bytes(tcp)))
    if len(far) == 4:
        ip = bytearray(struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0) + near + far)
        ip[10:12] = struct.pack(">H", checksum(bytes(ip)))
        return hop + own + b"\x08\x00" + bytes(ip) + bytes(tcp)
    return hop + own + b"\x86\xdd" + struct.pack(">IHBB", 6 << 28, len(tcp), 6, 64) + near + far + bytes(tcp)


def made(crafter: Crafter, hosts: list[int], columns: list[list[int]]) -> list[bytes]:
    table = np.zeros((len(hosts), 128), np.uint8)
    frames = table[:, 2:]
    crafter.stamp(frames)
    crafter.fill(frames.view(">u2"), np.array(hosts), *(np.array(column, np.uint32) for column in columns))
    assert not frames[:, crafter.length :].any(), "written beyond the frame"
    return [bytes(row[: crafter.length]) for row in frames]


@pytest.mark.parametrize("bits", [32, 128])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_every_frame_is_what_the_reference_makes(bits: int, data: st.DataObject) -> None:
    address = st.integers(1, 2**bits - 2).map(lambda value: str(ip_address(value.to_bytes(bits // 8, "big"))))
    source = data.draw(address)
    addresses = data.draw(st.lists(address, min_size=1, max_size=5, unique=True))
    hops = data.draw(
        st.one_of(macs.map(lambda mac: [mac] * len(addresses)), st.lists(macs, min_size=len(addresses), max_size=len(addresses)))
    )
    own, key = data.draw(macs), data.draw(st.binary(min_size=24, max_size=24))
    rows = data.draw(st.lists(st.tuples(st.integers(0, len(addresses) - 1), ports, ports, words), min_size=1, max_size=20))
    crafter = Crafter(addresses, hops, own, source, ALL, Cookies(key))
    columns = [list(column) for column in zip(*rows, strict=True)]
    expected = [
        reference(source, addresses[host], hops[host], own, port, own_port, salt, key) for host, port, own_port, salt in rows
    ]
    assert made(crafter, columns[0], columns[1:]) == expected


def test_cookies_differ_by_everything_they_are_of_and_by_sweep() -> None:
    base = (0x0A000001, 80, 61000, 0)
    flows = [base, (0x0A000002, *base[1:]), (base[0], 81, *base[2:]), (*base[:2], 61001, 0), (*base[:3], 1), (*base[:3], 2)]
    told = set()
    for cookies in (Cookies(), Cookies()):
        told |= {int(cookies.of(*(np.array([part], np.uint32) for part in flow))[0]) for flow in flows}
    assert len(told) == 12


def test_cookies_do_not_crowd() -> None:
    """As many different numbers for a million flows as chance would give."""
    port = np.arange(65536, dtype=np.uint32)
    cookies = Cookies()
    seen = np.concatenate(
        [
            cookies.of(np.full(65536, 0xC6336400 + host, np.uint32), port, np.full(65536, 61000, np.uint32), np.uint32(0) * port)
            for host in range(16)
        ]
    )
    assert len(np.unique(seen)) > len(seen) - 400  # 128 collisions are expected


@pytest.mark.parametrize("address", ["198.51.100.16", "198.51.100.7", "2001:db8::1"])
def test_no_crafter_is_made_for_an_address_outside_the_scope(address: str) -> None:
    permit = Permit({"allow": ["198.51.100.0/28", "2001:db8:1::/48"], "deny": ["198.51.100.7/32"]})
    inside = "2001:db8:1::5" if ":" in address else "198.51.100.5"
    source = "2001:db8:2::9" if ":" in address else "203.0.113.9"
    Crafter([inside], [b"\1" * 6], b"\2" * 6, source, permit, Cookies(KEY))
    with pytest.raises(OutOfScope, match=address):
        Crafter([inside, address], [b"\1" * 6] * 2, b"\2" * 6, source, permit, Cookies(KEY))


def test_no_scope_admits_nothing() -> None:
    for scope in (None, {}, {"allow": []}):
        with pytest.raises(OutOfScope):
            Permit(scope).require(["198.51.100.5"])


@settings(max_examples=100, deadline=None)
@given(
    networks=st.lists(st.tuples(words, st.integers(0, 32)), max_size=8),
    denied=st.lists(st.tuples(words, st.integers(8, 32)), max_size=4),
    address=words,
)
def test_a_permit_is_the_networks_it_names(networks: list[tuple[int, int]], denied: list[tuple[int, int]], address: int) -> None:
    def text(network: tuple[int, int]) -> str:
        return f"{ip_address(network[0] >> (32 - network[1]) << (32 - network[1]))}/{network[1]}"

    def holds(network: tuple[int, int]) -> bool:
        return network[0] >> (32 - network[1]) == address >> (32 - network[1])

    permit = Permit({"allow": [text(n) for n in networks], "deny": [text(n) for n in denied]})
    if any(map(holds, networks)) and not any(map(holds, denied)):
        permit.require([str(ip_address(address))])
    else:
        with pytest.raises(OutOfScope):
            permit.require([str(ip_address(address))])
