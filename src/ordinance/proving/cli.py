"""`ordinance prove RULESET` and `ordinance prove --diff OLD NEW`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ordinance.errors import UsageError
from ordinance.proof.collector import held_off
from ordinance.proof.diff import compare
from ordinance.proof.load import FORMATS, Given, Read, load
from ordinance.proof.policy import Policy
from ordinance.proof.verdict import Proved, Verdict, Violation, prove
from ordinance.proof.walk import HOOKS, Walk
from ordinance.proving import policyfile, told
from ordinance.record.exitcode import ExitCode
from ordinance.strict import WrongError

_EPILOG = "exit codes: 0 proved (--diff: the same), 1 violation (--diff: some packet changes fate), 6 cannot prove, 4 bad input"


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `prove`; `run` takes the parsed arguments and returns the exit code."""
    command = subparsers.add_parser(
        "prove", help="judge a firewall's ruleset before it is deployed, or compare two", epilog=_EPILOG
    )
    command.add_argument("ruleset", type=Path, nargs="?", metavar="RULESET", help="nft text or JSON, iptables-save")
    command.add_argument("--diff", type=Path, nargs=2, metavar=("OLD", "NEW"), help="say which packets change fate instead")
    command.add_argument("--inventory", type=Path, metavar="FILE", help="judge by 9.A.2: what the inventory's hosts offer")
    command.add_argument("--profile", default="default", metavar="NAME|FILE", help="readings of the policy, with --inventory")
    command.add_argument("--policy", type=Path, metavar="FILE", help="judge by a policy file instead (docs/prove.md)")
    command.add_argument(
        "--outside", action="append", metavar="IFACE", help="an interface that faces outside; several times; `any`: every one"
    )
    command.add_argument("--hook", choices=HOOKS, action="append", help="judge this hook only (default: input and forward)")
    command.add_argument("--format", choices=FORMATS, default="", help="the ruleset's language (default: by its content)")
    command.add_argument("--ip6", type=Path, metavar="FILE", help="what ip6tables-save printed, beside iptables-save")
    command.add_argument("--ipset", type=Path, metavar="FILE", help="what `ipset save` printed")
    command.add_argument(
        "--program", type=Path, metavar="FILE", help="what `nft --debug=netlink list ruleset` printed beside the JSON"
    )
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Prove or compare. Raises OrdinanceError for bad input."""
    if (arguments.diff is None) == (arguments.ruleset is None):
        raise UsageError("name one RULESET to judge, or two by --diff OLD NEW")
    with held_off():
        return _compare(arguments) if arguments.diff else _prove(arguments)


def _prove(arguments: argparse.Namespace) -> int:
    policy = _policy(arguments)
    given = Given(arguments.ruleset, arguments.format, arguments.ip6, arguments.ipset, arguments.program)
    verdict = judged(load(given), policy, tuple(arguments.hook or HOOKS))
    source = str(arguments.ruleset)
    lines = told.verdict_lines(source, verdict, policy)
    _print(told.verdict_json(source, verdict, policy) if arguments.json else "\n".join(lines))
    if isinstance(verdict, Proved):
        return ExitCode.COMPLIANT
    return ExitCode.VIOLATED if isinstance(verdict, Violation) else ExitCode.UNPROVEN


def judged(read: Read, policy: Policy, hooks: tuple[str, ...] = HOOKS) -> Verdict:
    """Return the verdict on a ruleset that was read. Raises DataError for one that no kernel would load."""
    walk = Walk([read.ruleset])
    return prove([walk.path(read.ruleset, hook) for hook in hooks], policy, read.refused)


def _compare(arguments: argparse.Namespace) -> int:
    if arguments.policy or arguments.inventory:
        raise UsageError("--diff compares two rulesets by themselves; leave out --policy and --inventory")
    old, new = (load(Given(path, arguments.format)) for path in arguments.diff)
    found = compare(old.ruleset, new.ruleset, (*old.refused, *new.refused), tuple(arguments.hook or HOOKS))
    first, second = map(str, arguments.diff)
    _print(told.difference_json(first, second, found) if arguments.json else "\n".join(told.difference_lines(found)))
    if found.doubts or (found.changes and not found.certain):
        return ExitCode.UNPROVEN
    return ExitCode.VIOLATED if found.certain else ExitCode.COMPLIANT


def _policy(arguments: argparse.Namespace) -> Policy:
    if (arguments.policy is None) == (arguments.inventory is None):
        raise UsageError("say what may come in: by --inventory FILE (9.A.2) or by --policy FILE")
    if arguments.policy:
        found = policyfile.from_file(arguments.policy)
    else:
        found = policyfile.from_inventory(arguments.inventory, arguments.profile)
    outside = tuple(arguments.outside or found.outside)
    if not outside:
        raise UsageError("say which interfaces face outside: --outside IFACE, several times, or --outside any")
    for name in outside:
        try:
            policyfile.check_interface(name)
        except WrongError as error:
            raise UsageError(f"--outside: {error.what}") from None
    return policyfile.facing(found, () if policyfile.ANY in outside else outside)


def _print(text: str) -> None:
    sys.stdout.write(text.encode("utf-8", "backslashreplace").decode() + "\n")
