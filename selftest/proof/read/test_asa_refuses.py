"""What is no configuration of an ASA is refused, with its line and what would be right; no traceback, nothing left out."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordinance.errors import DataError
from ordinance.proof.read.asa import read_asa

INTERFACE = "interface Gi0/0\n nameif outside\n security-level 0\n ip address 203.0.113.1 255.255.255.0\n"

LINES = [
    ("access-list A extended permit tcp any any eq", "asa.cfg:5: the line ends where a port must stand; give the whole line"),
    ("access-list A extended permit tcp any", "the line ends where an address must stand"),
    ("access-list A extended permit tcp any any eq nonesuch", 'no port is called "nonesuch"; write its number, 0 to 65535'),
    ("access-list A extended permit foo any any", 'no protocol is called "foo"; write its number, 0 to 255'),
    ("access-list A extended allow ip any any", '"allow" stands where permit or deny must'),
    ("access-list A advanced permit ip any any", '"advanced" is no kind of access list that is read; write extended permit'),
    ("access-list A line x extended permit ip any any", '"x" is no number of a line'),
    ("access-list A extended permit ip 192.0.2.300 255.255.255.0 any", '"192.0.2.300" is no address, nor a name of one'),
    ("access-list A extended permit ip 192.0.2.0 0.0.255.0 any", '"192.0.2.0/0.0.255.0" is no network'),
    ("access-list A extended permit ip any object NONESUCH", 'no network object is called "NONESUCH"; define it'),
    ("access-list A extended permit object NONESUCH any any", 'no service object is called "NONESUCH"'),
    ("access-list A extended permit ip any object-group NONESUCH", 'no object group of networks is called "NONESUCH"'),
    ("access-list A extended permit object-group NONESUCH any any", 'no object group of services or protocols is called'),
    ("access-list A extended permit ip any interface nonesuch", 'no interface is called "nonesuch"; write its nameif'),
    ("access-group A in interface outside", 'no access list is called "A"; give the whole configuration; is it cut off?'),
    ("access-list A extended permit ip any any\naccess-group A in interface x", 'asa.cfg:6: no interface is called "x"'),
    ("access-list A extended permit ip any any\naccess-group A up interface outside", '"up" stands where in, out or global must'),
    ("access-list A extended permit ip any any\naccess-group A in", "an access-group without its interface"),
    ("access-list A permit ip any any\n" + "access-group A in interface outside\n" * 2, "asa.cfg:7: a second list in outside"),
    ("object network X\n hast 192.0.2.1", 'asa.cfg:6: "hast 192.0.2.1" is no line of a network object'),
    ("object network X\n subnet 192.0.2.0", "the line ends where a mask must stand"),
    ("object service X\n tcp 80", '"tcp 80" is no line of a service object; write service tcp destination eq 80'),
    ("object network", "an object without kind or name; write object network NAME"),
    ("object-group", "an object group without kind or name"),
    ("object-group network A\n group-object B\nobject-group network B\n group-object A", "is a member of itself"),
    ("object-group network A\n network-object object X", 'asa.cfg:6: no network object is called "X"'),
    ("object-group service A\n service-object object X", 'asa.cfg:6: no service object is called "X"'),
    ("object-group service A foo\n port-object eq 1", '"foo" is no protocol of a service group; write tcp, udp or tcp-udp'),
    ("object-group service A tcp\n port-object eq nonesuch", 'no port is called "nonesuch"'),
    ("object-group service A tcp\n network-object host 1.1.1.1", '"network-object host 1.1.1.1" stands in this'),
    ("interface Gi0/1\n nameif x\n security-level 101", 'asa.cfg:7: "101" is no security level; 0 to 100'),
    ("interface Gi0/1\n nameif outside", 'asa.cfg:5: a second interface is called "outside"'),
    ("no access-list A extended permit ip any any", 'permit ip any any" takes something away again'),
    ("object-group network A\n no network-object host 1.1.1.1", 'asa.cfg:6: "no network-object host 1.1.1.1" takes'),
    ("object network X\n subnet 1.0.0.0 255.0.0.0\n nat (a,outside) static 255.255.255.9", "not 16777216 addresses"),
    ("nat source static A B", '"source" stands where the interfaces must; write nat (inside,outside) ...'),
    ("object network X\n host 1.1.1.1\n nat (a,outside) 2.2.2.2", "a translation that is neither static nor dynamic"),
    (" permit\n<--- More --->", "the prompt of a pager stands in the text"),
    ("ASA Version 9.1(2)\nhostname x", 'asa.cfg:6: the configuration is cut off here; give all of it, to its ": end"'),
    ("ASA Version 8.2(5)\n: end", "asa.cfg: version 8.2, whose access lists are of translated addresses"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), LINES, ids=[row[0].replace("\n", "/")[:60] for row in LINES])
def test_a_line_that_is_none_is_refused_and_named(text: str, said: str) -> None:
    with pytest.raises(DataError) as error:
        read_asa(INTERFACE + text + "\n", "asa.cfg")
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "asa.cfg: no interface with a nameif is in it; give the configuration of an ASA, with its interfaces"),
        ("hostname r\n", "no interface with a nameif is in it"),
        ("Dear Sir or Madam,\nwhat a nice day.\n", 'asa.cfg:1: "Dear Sir or Madam," is no command of the ASA'),
        ("*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n", 'asa.cfg:1: "*filter" is no command of the ASA'),
        ("table inet t {\n}\n", 'asa.cfg:1: "table inet t {" is no command of the ASA'),
        ("\0\0", "a control character"),
    ],
)
def test_a_text_that_is_none_is_refused(text: str, said: str) -> None:
    with pytest.raises(DataError) as error:
        read_asa(text, "asa.cfg")
    assert said in str(error.value)


_ENTRIES = "access-list A extended permit tcp any host 203.0.113.9 eq smtp\naccess-group A in interface outside\n"
WHOLE = f"ASA Version 9.1(2)\n{INTERFACE}{_ENTRIES}: end\n"


def test_a_configuration_cut_off_anywhere_is_refused() -> None:
    for at in range(1, len(WHOLE) - 1):
        with pytest.raises(DataError):
            read_asa(WHOLE[:at], "asa.cfg")


_VOCABULARY = """
    access-list A extended permit deny tcp udp ip icmp any any4 host 192.0.2.1 255.255.255.0 eq range gt 25 smtp log inactive
    object network service O object-group G protocol icmp-type time-range T interface outside nameif x access-group in out global
    nat (any,outside) static dynamic source destination subnet range fqdn network-object port-object service-object group-object
    name security-level 100 user security-group tag 5 2001:db8::/32 any6 echo tcp-udp periodic daily 8:00 to 9:00 crypto map
"""
_words = st.sampled_from(_VOCABULARY.split())
_lines = st.builds(lambda indent, words: " " * indent + " ".join(words), st.integers(0, 1), st.lists(_words, max_size=10))


@settings(max_examples=150, deadline=None)
@given(st.lists(_lines, max_size=8))
def test_no_mixture_of_words_ends_in_a_traceback(lines: list[str]) -> None:
    with suppress(DataError):
        assert read_asa(INTERFACE + "\n".join(lines), "asa.cfg").bases


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=300))
def test_no_text_ends_in_a_traceback(text: str) -> None:
    for one in (text, INTERFACE + text, f"{INTERFACE} {text}", f"{INTERFACE}object-group network G\n {text}"):
        with suppress(DataError):
            read_asa(one, "asa.cfg")
