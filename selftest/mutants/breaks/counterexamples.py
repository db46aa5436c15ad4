"""Packets that a ruleset lets through: what is sent, and what it may not change."""

from __future__ import annotations

from selftest.mutants.mutant import Mutant

SENDABLE, LOOK, JUDGE = "proof/test_sendable.py", "observe/looks/test_counterexamples_look.py", "judge/test_counterexample.py"

BREAKS = (
    Mutant(
        "sent-from-any-source",
        "a packet is sent whoever it should come from",
        "proof/sendable.py",
        "    of = space.both(of, space.any_of(ways))\n",
        "",
        SENDABLE,
    ),
    Mutant(
        "sent-from-any-port",
        "a rule for certain source ports is taken for one that holds for ours",
        "proof/sendable.py",
        '_during(space, of, {"sport": EPHEMERAL})',
        "of",
        SENDABLE,
    ),
    Mutant(
        "sent-at-any-time",
        "what passes at another time is sent now",
        "proof/sendable.py",
        "_during(space, of, sender.now)",
        "of",
        f"{SENDABLE} {LOOK}",
    ),
    Mutant(
        "sent-to-printers",
        "a datagram goes to a printer",
        "proof/sendable.py",
        "space.both(udp, spoken)",
        "udp",
        SENDABLE,
    ),
    Mutant(
        "sent-behind-the-translation",
        "what is translated is sent to where it arrives",
        "proof/sendable.py",
        "    for rewrite in outcome.rewrites:\n",
        "    for rewrite in ():\n",
        SENDABLE,
    ),
    Mutant(
        "sent-out-of-scope",
        "what the inventory names is sent to, in scope or not",
        "observe/looks/counterexamples.py",
        " if inventory.scope.admits(address)]",
        "]",
        LOOK,
    ),
    Mutant(
        "sent-by-a-listing-that-lies",
        "what a listing says is sent though the kernel runs something else",
        "observe/looks/counterexamples.py",
        "differences(running.program, running.reloaded)",
        "()",
        LOOK,
    ),
    Mutant(
        "refused-is-not-crossed",
        "a host that refuses is not told as reached",
        "judge/counterexample.py",
        "if found.where is Where.CROSSED else",
        "if False else",
        JUDGE,
    ),
    Mutant(
        "a-failed-sending-softens",
        "a look that failed takes its checks with it",
        "suite.py",
        "except (CouldNotLook, LookDefect) as missed:",
        "except CouldNotLook as missed:",
        "test_sighting.py",
    ),
)
