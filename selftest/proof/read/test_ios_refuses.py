"""What is no configuration of IOS is refused, with its line and what would be right; no traceback, nothing left out."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordinance.errors import DataError
from ordinance.proof.read.ios import read_ios

LINES = [
    ("access-list 101 permit tcp any any eq", "r.cfg:1: the line ends where a port must stand; give the whole line"),
    ("access-list 101 permit tcp any", "the line ends where an address must stand"),
    ("access-list 101 permit tcp any any eq nonesuch", 'no port is called "nonesuch"; write its number, 0 to 65535'),
    ("access-list 101 permit tcp any any eq 70000", 'no port is called "70000"'),
    ("access-list 101 permit foo any any", 'no protocol is called "foo"; write its number, 0 to 255'),
    ("access-list 101 allow ip any any", '"allow" stands where permit or deny must'),
    ("access-list 101 permit ip 192.0.2.300 0.0.0.255 any", '"192.0.2.300" is no IPv4 address'),
    ("access-list 101 permit ip 192.0.2.0 0.0.0.x any", '"0.0.0.x" is no wildcard mask; write 0.0.0.255'),
    ("access-list 101 permit ip 192.0.2.0/24 any", '"192.0.2.0/24" is written as NX-OS writes it'),
    ("access-list 101 permit ip any object-group NONESUCH", 'no object group of networks is called "NONESUCH"; define it'),
    ("access-list 101 permit object-group NONESUCH any any", 'no object group of services is called "NONESUCH"; define it'),
    ("access-list 101 permit tcp any any eq 25 fragments", "the keyword fragments beside ports, types or flags"),
    ("access-list 101 permit tcp any any match-all", "no flag stands where one must; write +syn or -ack"),
    ("access-list 101 permit tcp any any match-all +foo", '"+foo" is no flag of TCP'),
    ("access-list 5 permit 192.0.2.1 eq 25", '"eq" stands where the line must end'),
    ("access-list x permit ip any any", '"x" is no number of a list; 1-99, 1300-1999 standard'),
    ("ip access-list extended X\n permit ip any any\n 10 deny ip any any", 'r.cfg:3: a second entry 10 of the list "X"'),
    ("ip access-list standard X\nip access-list extended X", 'r.cfg:2: the list "X" is extended here and standard on line 1'),
    ("ip access-list X\n permit ip any any", '"X" stands where standard or extended must'),
    ("ipv6 access-list X\n permit ipv6 2001:db8::zz/32 any", 'r.cfg:2: "2001:db8::zz/32" is no IPv6 prefix'),
    ("ipv6 access-list X\n permit ipv6 192.0.2.0/24 any", '"192.0.2.0/24" is no IPv6 prefix'),
    ("object-group network A\n group-object B\nobject-group network B\n group-object A", "r.cfg:2: the object group"),
    ("object-group network A\n group-object NONESUCH", 'r.cfg:2: no object group is called "NONESUCH"'),
    ("object-group network A\n 10.0.0.0", "r.cfg:2: the line ends where a mask must stand"),
    ("object-group network A\n host x", "r.cfg:2: no address: 'x' does not appear to be an IPv4 or IPv6 network"),
    ("object-group network", "an object group without kind or name; write object-group network NAME, or service"),
    ("object-group service S\n foo eq 3", 'r.cfg:2: no protocol is called "foo"'),
    ("time-range T\n periodic daily 8:00", "r.cfg:2: a period without its end; write periodic weekdays 8:00 to 17:00"),
    ("time-range T\n periodic daily 28:00 to 29:00", '"28:00" is no time of day'),
    ("time-range T\n periodic daily 18:00 to 9:00", "a period that ends before it begins; write it as two periods"),
    ("interface Gi0/1\n ip access-group 101 up", 'r.cfg:2: "up" stands where in or out must'),
    ("interface Gi0/1\n ip access-group 101 in\n ip access-group 102 in", "r.cfg:3: a second list for packets that go in"),
    (" permit ip any any", '"permit ip any any" is indented, but stands under no command; give the text from its beginning'),
    ("banner motd ^C\ntext", "a banner or macro that is never closed; close it with \"^C\"; is the text cut off?"),
    ("access-list 101 permit ip any any\nno access-list 102", 'r.cfg:2: "no access-list 102" takes something away again'),
    ("ip access-list extended X\n permit ip any any\n no 10", '"no" stands where permit or deny must'),
    ("interface Gi0/1\n no ip access-group 5 in", 'r.cfg:2: "no ip access-group 5 in" takes something away again'),
    ("object-group network A\n no host 192.0.2.1", "r.cfg:2: no address"),
    ("interface Gi0/1\ninterface Gi0/1", 'r.cfg:2: a second interface "Gi0/1" (first on line 1)'),
    ("macro name m\naccess-list 5 permit any", 'r.cfg:1: a banner or macro that is never closed; close it with "@"'),
    (" --More-- ", "the prompt of a pager stands in the text"),
    ("version 15.1\naccess-list 5 permit any", 'r.cfg:2: the configuration is cut off here; give all of it, to its "end"'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), LINES, ids=[row[0].replace("\n", "/")[:60] for row in LINES])
def test_a_line_that_is_none_is_refused_and_named(text: str, said: str) -> None:
    with pytest.raises(DataError) as error:
        read_ios(text + "\n", "r.cfg")
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "r.cfg: no access list and no interface is in it; give the configuration of an IOS device"),
        ("hostname r\n", "no access list and no interface is in it"),
        ("Dear Sir or Madam,\nwhat a nice day.\n", 'r.cfg:1: "Dear Sir or Madam," is no command of IOS that is known here'),
        ("table inet t {\n}\n", 'r.cfg:1: "table inet t {" is no command of IOS'),
        ("*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n", 'r.cfg:1: "*filter" is no command of IOS'),
        ('{"nftables": []}', "is no command of IOS"),
        ("\0\0", "a control character"),
        (
            "access-list 5 permit any\ninterface Gi\ud800\n",
            "r.cfg:2: a lone surrogate ('\\ud800'), which is no character; give the text",
        ),
    ],
)
def test_a_text_that_is_none_is_refused(text: str, said: str) -> None:
    with pytest.raises(DataError) as error:
        read_ios(text, "r.cfg")
    assert said in str(error.value)


WHOLE = """version 15.1
ip access-list extended X
 permit tcp any host 198.51.100.9 eq smtp
 deny ip any any log
interface Gi0/1
 ip access-group X in
end
"""


def test_a_configuration_cut_off_anywhere_is_refused() -> None:
    for at in range(1, len(WHOLE) - 1):
        with pytest.raises(DataError):
            read_ios(WHOLE[:at], "r.cfg")


_VOCABULARY = """
    access-list 101 5 permit deny tcp udp ip icmp any host 192.0.2.1 0.0.0.255 eq range gt 25 smtp established log
    fragments remark object-group network service A B time-range T match-all +syn dscp ef interface Gi0/1 access-group
    in out extended standard ipv6 2001:db8::/32 traffic-filter evaluate reflect timeout 9 group-object periodic daily
    8:00 to 9:00 banner motd ^C end version 15
"""
_words = st.sampled_from(_VOCABULARY.split())
_lines = st.builds(lambda indent, words: " " * indent + " ".join(words), st.integers(0, 1), st.lists(_words, max_size=10))


@settings(max_examples=150, deadline=None)
@given(st.lists(_lines, max_size=8))
def test_no_mixture_of_words_ends_in_a_traceback(lines: list[str]) -> None:
    with suppress(DataError):
        assert read_ios("\n".join(["access-list 101 permit ip any any", *lines]), "r.cfg").bases


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=300))
def test_no_text_ends_in_a_traceback(text: str) -> None:
    for one in (text, f"access-list 101 permit ip any any\n{text}", f"interface Gi0/1\n {text}"):
        with suppress(DataError):
            read_ios(one, "r.cfg")
