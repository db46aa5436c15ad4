"""The differential test for as long as one likes: `./run differ --seconds 600`.

Prints how it went every minute and at the end; every disagreement, made small, is kept in a file of its own. Exit status 1: a
disagreement, or the run did not meet what it must (`demand`).
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from selftest.proof.kernel.demand import shortcomings
from selftest.proof.kernel.session import IPTABLES, NFT, Plan, run
from selftest.proof.kernel.trial import Result

ROUND = 60.0  #: seconds between two lines that tell how it goes
KINDS = {"nft": (NFT,), "iptables": (IPTABLES,), "both": (NFT, NFT, IPTABLES)}


def versions() -> dict[str, str]:
    """Of what is compared with."""
    said = {
        name: subprocess.run([name, "--version"], capture_output=True, text=True, check=True).stdout
        for name in ("nft", "iptables")
    }
    return {
        "kernel": platform.release(),
        "python": platform.python_version(),
        **{name: text.strip() for name, text in said.items()},
    }


def arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run differ", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the dice (default: the time)")
    parser.add_argument("--processes", type=int, default=1, help="beds side by side")
    parser.add_argument("--kind", choices=KINDS, default="both", help="how rulesets are written")
    parser.add_argument("--only", type=int, nargs="*", default=(), help="numbers of rulesets of this seed")
    parser.add_argument("--keep", type=Path, default=Path("reports/differ"), help="where disagreements are kept")
    return parser.parse_args(given)


def _rounds(seed: int, seconds: float, kind: str, only: tuple[int, ...]) -> list[Plan]:
    """One plan a minute, so that there is something to tell."""
    count = max(1, round(seconds / ROUND))
    return [Plan(seed + number, seconds / count, kinds=KINDS[kind], patient=True, only=only) for number in range(count)]


def main(given: list[str]) -> int:
    asked = arguments(given)
    plans = _rounds(asked.seed, asked.seconds * asked.processes, asked.kind, tuple(asked.only))
    total, failed, begun = Result(), list[str](), time.monotonic()
    with ProcessPoolExecutor(asked.processes, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(run, plan) for plan in plans]):
            if (error := done.exception()) is not None:
                failed.append(f"a round ended with {error!r}")
                continue
            keep(asked.keep, f"{asked.seed}-{len(total.small)}", done.result().small)
            total.add(done.result())
            tell(total, time.monotonic() - begun)
    lacking = [*failed, *shortcomings(total, Counter())]
    summary = {"versions": versions(), "tally": dict(sorted(total.tally.items())), "constructs": dict(sorted(total.used.items()))}
    say(json.dumps({**summary, "disagreements": len(total.disagreements), "lacking": lacking}, indent=1))
    return 1 if total.disagreements or lacking else 0


def keep(where: Path, name: str, found: list[str]) -> None:
    """Show disagreements, and keep each in a file."""
    for number, text in enumerate(found):
        where.mkdir(parents=True, exist_ok=True)
        (where / f"{name}-{number}.txt").write_text(text + "\n", "utf-8")
        say(f"\n{text}\n")


def tell(total: Result, seconds: float) -> None:
    tally = total.tally
    words = f"{tally['pairs']} pairs, {tally['rulesets']} rulesets, {len(total.disagreements)} disagreements"
    say(f"{seconds:6.0f} s: {words}")


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
