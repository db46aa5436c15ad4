"""Send beyond the scope from the packet agent itself, and print as JSON what became of it. Run as a program of its own."""

import contextlib
import json
import sys
import threading
import time
from pathlib import Path

from census import family, wait_for

from ordinance.inventory.load import load
from ordinance.lab import state
from ordinance.lab.ns import join_network
from ordinance.observe.api import CouldNotLook, Deadline
from ordinance.observe.door import NetworkDoor
from ordinance.observe.memory import MemoryJournal

THIRD_PARTIES = ("203.0.113.82", "2001:db8:ffff::82")
ECHOES = ("203.0.113.7", "2001:db8:ffff::7")
COUNTED = (
    "nft 'add table inet arrived; add counter inet arrived third;"
    "add chain inet arrived in { type filter hook input priority 0; };"
    f"add rule inet arrived in ip saddr 203.0.113.20 ip daddr {THIRD_PARTIES[0]} meta l4proto {{ tcp, udp }} counter name third;"
    f"add rule inet arrived in ip6 saddr 2001:db8:ffff::20 ip6 daddr {THIRD_PARTIES[1]}"
    " meta l4proto { tcp, udp } counter name third'"
)


def job(addresses, **more):
    asked = [{"address": address, "transport": how, "port": 4000} for address in addresses for how in ("tcp", "udp")]
    return {"job": "echo", "echoes": asked, "tries": 1, "timeout": 0.5, **more}


class Trial:
    def __init__(self, name):
        self.lab = state.find(name)
        join_network(self.lab.pid_of("itd"))
        self.journal = MemoryJournal()
        inventory = load(Path(__file__).parents[2] / "inventory" / "lab.yml")
        self.shared = NetworkDoor(inventory, self.journal)
        self.outside = self.shared.for_look("selftest").at("outside")
        assert self.lab.exec("internet", ["sh", "-c", COUNTED]).returncode == 0

    def arrived(self):
        told = self.lab.exec("internet", ["nft", "-j", "list", "counter", "inet", "arrived", "third"]).stdout
        return json.loads(told)["nftables"][-1]["counter"]["packets"]

    def tables(self):
        told = self.lab.exec("outside", ["nft", "list", "tables"]).stdout.decode()  # its JSON breaks at a table that has an owner
        return sorted(line.split()[-1].split("_")[0] for line in told.splitlines() if line)

    def ask(self, addresses, seconds=10.0, **more):
        return self.outside.agent(job(addresses, **more), Deadline.after(seconds), lambda line: None)[0]

    def kept(self):
        return [seen for seen in self.journal.observations if seen.action == "agent"][-1].details["scope"]

    def keepers(self):
        found = 0
        for pid in family(self.lab.pid_of("outside")):
            try:
                found += Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"nft\0-i")
            except OSError:
                continue
        return found


def beyond(trial):
    """Past the check in the audit process, once with the fence and once without."""
    check, networks = trial.shared.gate.guard.check_job, trial.shared.gate.guard.networks
    trial.shared.gate.guard.check_job = lambda job: None
    seen = {}
    try:
        trial.ask(THIRD_PARTIES)
        outcome = "it did not notice"
    except CouldNotLook as failure:
        outcome = failure.reason.value
    seen["behind the fence"] = {"arrived": trial.arrived(), "outcome": outcome}
    trial.shared.gate.guard.networks = lambda: None
    trial.ask(THIRD_PARTIES)
    seen["without the fence"] = {"arrived": trial.arrived()}
    trial.shared.gate.guard.check_job, trial.shared.gate.guard.networks = check, networks
    return seen


def killed(trial):
    """The agent at a long job, killed outright."""

    def ask():
        with contextlib.suppress(CouldNotLook):
            trial.ask(["203.0.113.1"], seconds=20, tries=20, timeout=2)

    thread = threading.Thread(target=ask)
    thread.start()
    wait_for(lambda: "ordinance" in trial.tables(), 5)
    seen = {"tables while the agent runs": trial.tables()}
    trial.lab.exec("outside", ["pkill", "-KILL", "-f", "packet-agent"])
    thread.join()
    wait_for(lambda: "ordinance" not in trial.tables(), 3)
    return seen | {"tables after it was killed": trial.tables()}


def main(name):
    trial = Trial(name)
    seen = {"tables before": trial.tables()}
    echoes = trial.ask(ECHOES)["echoes"]
    seen["in scope"] = {"echoed": [one["echoed"] for one in echoes], "kept": "by the vantage's kernel" in trial.kept()}
    seen |= beyond(trial)
    seen["tables after"] = trial.tables()
    seen |= killed(trial)
    time.sleep(0.2)
    seen["keepers left"] = trial.keepers()
    trial.lab.exec("outside", ["mv", "/usr/sbin/nft", "/usr/sbin/nft.away"])
    trial.ask(ECHOES)
    trial.lab.exec("outside", ["mv", "/usr/sbin/nft.away", "/usr/sbin/nft"])
    seen["without nft"] = trial.kept()
    trial.lab.exec("internet", ["nft", "delete", "table", "inet", "arrived"])
    trial.shared.close()
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main(sys.argv[1])
