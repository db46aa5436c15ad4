"""9.A.2, seen from inside: a firewall's SNMP agent answers v3 with authentication and privacy, and nothing less."""

from __future__ import annotations

from collections.abc import Iterator

from ordinance.judge.verdict import Evidence, Witness
from ordinance.law.model import Profile
from ordinance.sight.management import FirewallSeen, SnmpTry

WEAK_LEVELS = ("noAuthNoPriv", "authNoPriv")
#: A request that failed so was turned down, or met silence while the right user was answered. Any other error may come from an
#: agent that took the request and stumbled over it.
TURNED_DOWN = frozenset({"no-answer", "credentials", "refused"})


def snmp_breaches(seen: FirewallSeen) -> Iterator[tuple[str, Evidence]]:
    """Yield every request that had to be turned down and was answered."""
    for attempt in seen.tries:
        if attempt.answered:
            yield f"{seen.host}:snmp", Evidence(f"SNMP answers {_way(attempt)}", (attempt.observation,))


def snmp_doubts(seen: FirewallSeen, profile: Profile) -> Iterator[str]:
    """Say what of the agent was not seen well enough. v2c cannot tell a wrong community from a dead agent: v3 is the witness."""
    for attempt, moment in ((seen.before, "before"), (seen.after, "after")):
        if attempt is None or not attempt.answered:
            why = "it was not asked" if attempt is None else f"{attempt.missed}: {attempt.said}"
            yield f"SNMP did not answer the right user with v3 authPriv {moment} the tries ({why}), so silence tells nothing"
    for attempt in seen.tries:
        if attempt.missed and attempt.missed not in TURNED_DOWN:
            yield f"whether SNMP answers {_way(attempt)} was not seen ({attempt.missed}: {attempt.said})"
    made = {(attempt.version, attempt.community or attempt.level) for attempt in seen.tries}
    wanted = {(version, community) for version in ("1", "2c") for community in profile.default_communities}
    for version, what in sorted((wanted | {("3", level) for level in WEAK_LEVELS}) - made):
        yield f"SNMP v{version} {what} was not tried"
    if not profile.default_communities:
        yield "the profile lists no default community"


def _way(attempt: SnmpTry) -> str:
    return (
        f"v3 {attempt.level}"
        if attempt.version == "3"
        else f'v{attempt.version} with the default community "{attempt.community}"'
    )


def snmp_witness(seen: FirewallSeen) -> Iterator[Witness]:
    """Say that the agent was alive around the tries, if it was."""
    if seen.before and seen.after and seen.before.answered and seen.after.answered:
        text = f"SNMP of {seen.host} answered the right user with v3 authPriv before and after the tries"
        yield Witness(text, (seen.before.observation, seen.after.observation))


def snmp_evidence(seen: FirewallSeen) -> Iterator[Evidence]:
    """Say what was turned down."""
    refused = ", ".join(_way(attempt) for attempt in seen.tries)
    yield Evidence(f"SNMP from inside turned down {refused}", tuple(attempt.observation for attempt in seen.tries))
