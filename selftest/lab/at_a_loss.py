"""Judge a city again and again while packets are lost and, now and then, a forbidden port is open: `at_a_loss.py LAB SEED...`.

A program of its own, for it moves to the auditor's desk. A seed says everything: how much is lost and which way, what is open
and where. Each is judged on its own. Prints a line of JSON for each seed: what was made, how many packets were lost, and
control -> [verdict, reason, truth].
"""

import json
import random
import re
import sys
import time
from dataclasses import dataclass
from ipaddress import ip_address

from few_ports import PUBLIC, looked, narrowed, sit_down

from ordinance.law.load import load_profile

#: Ports that are swept; they hold the public services and the port of the plant.
LAST_PORT = 130
MOST_LOST = 50  #: of 100 packets
TELNET, FTP, INBOUND = "9.A.1/telnet-blocked", "9.A.1/ftp-blocked", "9.A.2/inbound-tcp"
#: Where what is planted leads: a web server that is meant to be seen.
WEB = {4: "198.51.100.8:80", 6: "[2001:db8:100:1::8]:80"}
#: What may be open that must not be: the port, and the controls it breaks.
PLANTS = ((23, (TELNET, INBOUND)), (21, (FTP, INBOUND)), (101, (INBOUND,)))


@dataclass(frozen=True)
class Case:
    """One made situation."""

    seed: int
    lost: int
    way: str  #: "in", "out": towards the city or back
    address: str  #: of the open port; "" when nothing is planted
    port: int
    broken: tuple

    @classmethod
    def of(cls, seed):
        chance = random.Random(seed)
        port, broken = chance.choice(PLANTS)
        address, way = chance.choice(PUBLIC), chance.choice(("in", "out"))
        return cls(seed, seed % (MOST_LOST + 1), way, *((address, port, broken) if chance.random() < 0.5 else ("", 0, ())))

    def script(self):
        """Make it on the firewall, in tables of its own."""
        hook, side = ("prerouting", "iifname") if self.way == "in" else ("postrouting", "oifname")
        lines = [
            "for family in inet ip ip6; do nft delete table $family lossy 2>/dev/null || :; done",
            "nft add table inet lossy",
            f"nft add chain inet lossy way '{{ type filter hook {hook} priority -400; }}'",
            f"nft add rule inet lossy way {side} out0 numgen random mod 100 '<' {self.lost} counter drop",
        ]
        if self.address:
            version = ip_address(self.address).version
            table, field = ("ip", "ip") if version == 4 else ("ip6", "ip6")
            lines += [
                f"nft add table {table} lossy",
                f"nft add chain {table} lossy pre '{{ type nat hook prerouting priority dstnat; }}'",
                f"nft add rule {table} lossy pre iifname out0 {field} daddr {self.address} tcp dport {self.port} "
                f"counter dnat to '{WEB[version]}'",
            ]
        return "\n".join(lines)

    def truth(self, control):
        return "violated" if control in self.broken else "compliant"


def on_the_firewall(lab, script):
    done = lab.exec("fw", ["/bin/sh", "-ec", script])
    if done.returncode:
        raise SystemExit(f"could not be made: {done.stderr.decode()}")
    return done.stdout.decode()


def counted(lab):
    """Packets that met the rules of ours: lost, and led to the plant."""
    text = on_the_firewall(lab, "for family in inet ip ip6; do nft list table $family lossy 2>/dev/null || :; done")
    numbers = {kind: int(packets) for packets, kind in re.findall(r"counter packets (\d+) bytes \d+ (drop|dnat)", text)}
    return numbers.get("drop", 0), numbers.get("dnat", 0)


def main(lab_name, seeds):
    lab = sit_down(lab_name, LAST_PORT)
    inventory, profile = narrowed(), load_profile("default")
    for seed in seeds:
        case = Case.of(seed)
        on_the_firewall(lab, case.script())
        begin = time.monotonic()
        found = looked((TELNET, FTP, INBOUND), inventory, profile)
        dropped, led = counted(lab)
        told = {
            "seed": seed, "lost": case.lost, "way": case.way, "open": f"{case.address} {case.port}" if case.address else "",
            "dropped": dropped, "led": led, "seconds": round(time.monotonic() - begin, 1),
            "said": {control: [*said, case.truth(control)] for control, said in found.items()},
        }  # fmt: skip
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], [int(word) for word in sys.argv[2:]])
