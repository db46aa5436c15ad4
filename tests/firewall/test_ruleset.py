"""9.A.1 and 9.A.2, by the firewall's own rules: not what one probe met, but what every packet would meet."""

from ordinance.judge.authorised import authorisations
from ordinance.judge.ruleset import ruleset_proof
from ordinance.judge.saved import saved_equals_running
from ordinance.judge.witnesses import Sightings, witnesses_agree
from ordinance.sight.counterexamples import CounterexampleSighting
from ordinance.sight.listeners import ListenerSighting
from ordinance.sight.perimeter import SweepSighting
from ordinance.sight.rulesets import RulesetSighting
from ordinance.suite import Check, control


@control("9.A.2/ruleset-proof")
def test_the_ruleset_lets_in_what_the_policy_allows(
    check: Check, rulesets: RulesetSighting, counterexamples: CounterexampleSighting
) -> None:
    """For every packet that can arrive from outside, what the firewall's live ruleset accepts is within the policy."""
    check.settle(ruleset_proof(check.target, rulesets, check.inventory, check.profile, check.today, counterexamples))


@control("9.A.2/saved-equals-running")
def test_a_restart_changes_nothing(check: Check, rulesets: RulesetSighting) -> None:
    """What a restart of the firewall would load lets exactly the packets pass that pass now."""
    check.settle(saved_equals_running(check.target, rulesets, check.inventory))


@control("9.A.1/authorisations")
def test_exceptions_are_authorised(check: Check, rulesets: RulesetSighting) -> None:
    """Every telnet or FTP exception of the ruleset is authorised by ITD, in date, and no wider than authorised."""
    check.settle(authorisations(check.target, rulesets, check.inventory, check.profile, check.today))


@control("9.A.2/witnesses-agree")
def test_the_witnesses_agree(
    check: Check, perimeter_sweep: SweepSighting, rulesets: RulesetSighting, listeners: ListenerSighting
) -> None:
    """Probes from outside, the ruleset and the hosts' own listeners tell one story of every port."""
    seen = Sightings(perimeter_sweep, rulesets, listeners)
    check.settle(witnesses_agree(check.target, seen, check.inventory, check.profile, check.today))
