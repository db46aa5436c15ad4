"""What is no text of iptables-save is refused, with its line and what would be right; no traceback, nothing left out."""

from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ordinance.errors import DataError
from ordinance.proof.read import text as reading
from ordinance.proof.read.ipset import read_ipsets
from ordinance.proof.read.iptables import read_iptables

HEAD = "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n:u - [0:0]\n:v - [0:0]\n"
WHOLE = HEAD + "-A FORWARD -s 192.0.2.0/24 -p tcp -m tcp --dport 25 -j ACCEPT\nCOMMIT\n"

LINES = [
    ("-A FORWARD -p tcp --dport", 'iptables-save:7: "--dport" lacks what belongs behind it; give its value'),
    ("-A FORWARD -p tcp --dport 70000 -j ACCEPT", '"70000" is no port; 0 to 65535'),
    ("-A FORWARD -p tcp --dport 30:20 -j ACCEPT", 'the range "30:20" goes backwards; write the lower port first'),
    ("-A FORWARD --dport 25 -j ACCEPT", 'no match or target of this rule has an option "--dport"'),
    ("-A FORWARD -m tcp --dport 25 -j ACCEPT", 'the match "tcp" without its protocol; say -p tcp in the rule'),
    ("-A FORWARD -p icmp -m multiport --dports 25 -j ACCEPT", 'the match "multiport" without its protocol'),
    ("-A FORWARD -s 192.0.2.300 -j ACCEPT", '"192.0.2.300" is no address; write 192.0.2.0/24 or 2001:db8::/32'),
    ("-A FORWARD -s 192.0.2.0/33 -j ACCEPT", '"33" is no mask; write a length, as /24, or a mask, as /255.255.255.0'),
    ("-A FORWARD -s 2001:db8::1 -j ACCEPT", '"2001:db8::1" is of the other family; give iptables-save'),
    ("-A FORWARD -i this-name-is-too-long -j DROP", 'cannot be the name of an interface; at most 15 bytes'),
    ("-A FORWARD -p 300 -j DROP", '"300" is no number of a protocol; 0 to 255'),
    ("-A FORWARD -j nonesuch", '-j "nonesuch", which is neither a chain of this table nor a target'),
    ("-A FORWARD -g ACCEPT", '-g to "ACCEPT", which is no chain of this table'),
    ("-A FORWARD -j ACCEPT -j DROP", 'a second target; keep one of "ACCEPT" and "DROP"'),
    ("-A nonesuch -j ACCEPT", 'no chain of this table is called "nonesuch"; declare it before its rules'),
    ("-A FORWARD -j ACCEPT extra", '"extra" stands where an option must'),
    ("-A FORWARD --jum ACCEPT", 'the option "--jum" is abbreviated; write it out, as iptables-save does'),
    ("-A FORWARD ! -j ACCEPT", '"-j" cannot be negated; leave the "!" out'),
    ("-A FORWARD ! -s ! 192.0.2.1 -j ACCEPT", '"-s" is negated twice; keep one "!"'),
    ("-A FORWARD -s 192.0.2.1 !", 'a "!" with nothing behind it'),
    ('-A FORWARD -m comment --comment "open', 'a quote that is never closed; end the text with a second "; is the line cut off?'),
    ("-I FORWARD -j ACCEPT", '"-I FORWARD -j ACCEPT" is no line of iptables-save'),
    ("iptables -A FORWARD -j ACCEPT", "is no line of iptables-save; write what iptables-save prints"),
    ("-A", '"-A" is no line of iptables-save'),
    ("[1:2]", '"[1:2]" is no line of iptables-save'),
    (":u - [0:0]", 'the chain "u" is declared twice; keep one (first on line 5)'),
    (":w DROP [0:0]", 'the chain "w" is not built in, and has no policy; write "-" in its place'),
    (":INPUT", "a chain is not declared so; write :CHAIN POLICY [packets:bytes]"),
    ("*nat\nCOMMIT\n*raw", 'a table begins, but "filter" (line 1) is not closed; put COMMIT before it'),
    ("-A FORWARD -m state --state BROKEN -j ACCEPT", '"BROKEN" is no state of a connection'),
    ("-A FORWARD -p tcp -m tcp --tcp-flags SYN,XYZ SYN -j ACCEPT", '"xyz" is no flag of TCP'),
    ("-A FORWARD -p icmp -m icmp --icmp-type nonesuch -j ACCEPT", '"nonesuch" is no type of ICMP; write its number, as 8 or 3/4'),
    ("-A FORWARD -p ipv6-icmp -m icmp6 --icmpv6-type 1 -j DROP", 'the match "icmp6" is of the other family'),
    ("-A FORWARD -m iprange --src-range 9.9.9.9-x -j DROP", '"9.9.9.9-x" is no range of addresses; write 192.0.2.1-192.0.2.9'),
    ("-A FORWARD -m time --timestart 25:00 -j DROP", '"25:00" is no time of day; 00:00:00 to 23:59:59'),
    ("-A FORWARD -m time --weekdays Blu -j DROP", '"Blu" is no day of the week'),
    ("-A u -j v\n-A v -j u", 'the chain "u" leads to itself; the kernel takes no such ruleset; take one of the jumps out'),
    ("-A FORWARD -s 192.0.2.1 \x07 -j ACCEPT", "a control character ('\\x07'); give the text as the device prints it"),
    ("-A FORWARD -j DNAT", "DNAT without --to-destination; say where to"),
    ("-A FORWARD -j DNAT --to-destination x", '"x" is no address to translate to'),
]  # fmt: skip


@pytest.mark.parametrize(("line", "said"), LINES, ids=[row[0][:50].replace("\x07", "BEL") for row in LINES])
def test_a_line_that_is_none_is_refused_and_named(line: str, said: str) -> None:
    with pytest.raises(DataError) as error:
        read_iptables(HEAD + line + "\nCOMMIT\n", None)
    assert said in str(error.value)
    assert all(problem.line for problem in error.value.problems)


def test_all_problems_come_at_once_but_not_endlessly() -> None:
    with pytest.raises(DataError) as error:
        read_iptables(HEAD + "-A FORWARD -s x.y/\n" * 3 + "nonsense\n" * 90 + "COMMIT\n", None)
    assert len(error.value.problems) == reading.MOST_PROBLEMS


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "iptables-save: no table is in it; write what iptables-save prints"),
        ("# only a comment\n", "no table is in it"),
        (HEAD, 'iptables-save:1: the table "filter" is not closed by COMMIT; give the whole text; was it cut off?'),
        (WHOLE + WHOLE, 'iptables-save:9: the table "filter" begins a second time (first on line 1); give IPv4 (iptables-save)'),
        ("*nonesuch\nCOMMIT\n", 'iptables-save:1: no table is called "nonesuch"; one of raw, mangle, nat, filter, security'),
        ("table inet t { }\n", '"table inet t { }" stands in no table'),
        ('{"nftables": []}', "stands in no table"),
        ("\0" * 9, "a control character"),
        ("x" * (reading.MOST_IN_A_LINE + 1), f"iptables-save:1: a line of {reading.MOST_IN_A_LINE + 1} characters"),
    ],
)
def test_a_text_that_is_none_is_refused(text: str, said: str) -> None:
    with pytest.raises(DataError) as error:
        read_iptables(text, None)
    assert said in str(error.value)


def test_a_gigantic_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_CHARACTERS", 100)
    with pytest.raises(DataError, match=r"iptables-save: holds \d+ characters; a ruleset of at most 100 is read"):
        read_iptables(WHOLE, None)


def test_a_text_cut_off_anywhere_is_refused() -> None:
    for at in range(1, len(WHOLE) - 1):
        with pytest.raises(DataError):
            read_iptables(WHOLE[:at], None)


def test_a_very_deep_ruleset_is_read() -> None:
    deep = "".join(f":c{number} - [0:0]\n" for number in range(3000))
    jumps = "".join(f"-A c{number} -j c{number + 1}\n" for number in range(2999))
    assert len(read_iptables(HEAD + deep + jumps + "COMMIT\n", None).chains) > 3000


_words = st.sampled_from(
    [
        "-A",
        "FORWARD",
        "INPUT",
        "u",
        "-j",
        "-g",
        "ACCEPT",
        "DROP",
        "!",
        "-p",
        "tcp",
        "udp",
        "6",
        "-s",
        "-d",
        "192.0.2.0/24",
        "10.0.0.1/255.0.255.0",
        "x",
        "-m",
        "tcp",
        "multiport",
        "--dport",
        "--dports",
        "25",
        "1:9",
        "set",
        "--match-set",
        "a",
        "src,dst",
        "--comment",
        "comment",
        '"',
        "'",
        "\\",
        "state",
        "--state",
        "NEW,RELATED",
        "time",
        "--timestart",
        "22:00",
        "-i",
        "eth+",
        "-f",
        "icmp",
        "--icmp-type",
        "8/0",
        "DNAT",
        "--to-destination",
        "10.0.0.1:80",
        "recent",
        "--rcheck",
        "--foo",
        "-",
        "--",
        "[1:2]",
        "COMMIT",
        "*nat",
        ":x",
        "-",
        "2001:db8::1",
        "iprange",
        "--src-range",
        "1.1.1.1-2.2.2.2",
        "-c",
    ]
)
_lines = st.lists(_words, max_size=14).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(st.lists(_lines, max_size=6), st.booleans())
@example(['-A FORWARD -j "'], False)
def test_no_mixture_of_words_ends_in_a_traceback(lines: list[str], six: bool) -> None:
    text = HEAD + "\n".join(lines) + "\nCOMMIT\n"
    try:
        ruleset = read_iptables(
            None if six else text, text if six else None, "create a hash:ip,port family inet\nadd a 1.2.3.4,tcp:5\n"
        )
    except DataError as error:
        assert all(problem.right for problem in error.problems)
    else:
        written = sum(line.lstrip().startswith(("-A", "[")) for line in lines)
        assert sum(len(chain.rules) for chain in ruleset.chains.values()) >= written, "no rule is left out"


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=300))
def test_no_text_ends_in_a_traceback(text: str) -> None:
    for read in (lambda: read_iptables(text, None), lambda: read_iptables(HEAD + text, None), lambda: read_ipsets(text, "sets")):
        with suppress(DataError):
            read()
