"""Whatever stands in a listing, the reader answers with a ruleset or with a DataError that names the file, and in time.

Listings are real ones of nft that are then cut, mixed and filled with odd values. ORDINANCE_FUZZ=100000 makes a long run of it.
"""

import json
import os
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nft_rules import listed

from ordinance.errors import DataError
from ordinance.proof.policy import Policy
from ordinance.proof.read.nft import read_nft
from ordinance.proof.verdict import prove
from ordinance.proof.walk import HOOKS, Walk

EXAMPLES = int(os.environ.get("ORDINANCE_FUZZ", "150"))
REAL = """table inet t {
set s { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.168.0.1 }; }
map m { type ipv4_addr . inet_service : verdict; flags interval; elements = { 10.0.0.0/24 . 1-5 : accept }; }
chain u { tcp dport { 25, 119 } accept; ip6 saddr fd00::/8 return; }
chain f { type filter hook forward priority 0; policy drop;
ct state established,related accept
tcp flags & (fin|syn|rst|ack) == syn meta hour "02:00"-"03:00" accept
ip saddr @s jump u
ip saddr . tcp dport vmap @m
tcp dport vmap { 22 : drop, 23 : goto u, * : continue } accept
meta nfproto ipv6 reject
icmp type { echo-request, 13 } limit rate 5/second accept
iifname "eth*" ether saddr 00:11:22:33:44:55 meta mark set 5
}
}
table ip n { chain p { type nat hook prerouting priority dstnat; tcp dport 2525 dnat to 10.8.0.25:25;
dnat to tcp dport map { 80 : 10.1.1.1, 81 : 10.1.1.2 }
}
}
"""
KEYS = ("match", "left", "right", "op", "set", "range", "prefix", "concat", "elem", "val", "vmap", "key", "&", "jump", "dnat")
leaf = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**200),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(["@s", "@m", "*", "accept", "10.0.0.0", "fd00::1", "eth*", "25", "25-30", "0x19", "", "\ud800", "u"]),
)
odd = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["match", "left", "right", "op", "set", "range", "prefix", "concat", "elem", "val", "vmap", "key", "&", "jump"]
            ),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def real():
    return listed(REAL)


def answered(text):
    """Read, and when it reads, judge: the only exception is DataError, and it names the file."""
    try:
        found = read_nft(text, "fuzz.json")
        walk = Walk([found])
        outcomes = [walk.path(found, hook) for hook in HOOKS]
        assert all(one.space.minus(one.must, one.may) == 0 for one in outcomes)
        prove(outcomes, Policy((), ()))
    except DataError as error:
        assert all(str(problem).startswith("fuzz.json") for problem in error.problems)


FUZZ = settings(
    max_examples=EXAMPLES, deadline=timedelta(seconds=30), suppress_health_check=list(HealthCheck), derandomize=EXAMPLES <= 1000
)


@FUZZ
@given(data=st.data())
def test_a_listing_with_one_odd_value(real, data):
    document = json.loads(real)
    for _ in range(data.draw(st.integers(1, 3))):
        places = list(_places(document))
        holder, key = places[data.draw(st.integers(0, len(places) - 1))]
        holder[key] = data.draw(odd)
    answered(json.dumps(document))


@FUZZ
@given(data=st.data())
def test_a_listing_cut_or_spoilt(real, data):
    at = data.draw(st.integers(0, len(real)))
    length = data.draw(st.integers(0, 40))
    answered(real[:at] + data.draw(st.text(max_size=4)) + real[at + length :])


@FUZZ
@given(st.text(max_size=200))
def test_any_text(text):
    answered(text)


def _places(value):
    """Every slot of a document that can hold another value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, held in list(items):
        yield value, key
        yield from _places(held)
