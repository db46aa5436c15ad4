"""The options of iptables' own matches and targets: how many words each takes, so that no word is taken for another option.

From the help of every extension of iptables 1.8.9 (`iptables -m NAME -h`) and iptables-extensions(8). An option takes one
word unless it says otherwise: `name=0`, `name=2`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Module:
    """One match extension. `fresh`: it may answer differently each time (a rate, a counter, what another rule changes)."""

    name: str
    options: dict[str, int]
    fresh: bool = False


def _options(text: str) -> dict[str, int]:
    found = {}
    for word in text.split():
        name, _, count = word.partition("=")
        found[f"--{name}"] = int(count or 1)
    return found


_PORTS = "sport dport source-port destination-port"

#: Matches that are read (see matches.py); their options are all known.
READ = {
    "tcp": f"{_PORTS} tcp-flags=2 syn=0 tcp-option",
    "udp": _PORTS,
    "udplite": _PORTS,
    "sctp": f"{_PORTS} chunk-types=2",
    "dccp": f"{_PORTS} dccp-types dccp-option",
    "multiport": "sports dports ports source-ports destination-ports",
    "icmp": "icmp-type",
    "icmp6": "icmpv6-type",
    "state": "state",
    "conntrack": "ctstate ctproto ctorigsrc ctorigdst ctreplsrc ctrepldst ctorigsrcport ctorigdstport ctreplsrcport ctrepldstport"
    " ctstatus ctexpire ctdir",
    "iprange": "src-range dst-range",
    "set": "match-set=2 set=2 return-nomatch=0 update-counters=0 update-subcounters=0 packets-eq packets-lt packets-gt bytes-eq"
    " bytes-lt bytes-gt",
    "time": "timestart timestop weekdays monthdays datestart datestop kerneltz=0 localtz=0 utc=0 contiguous=0",
    "comment": "comment",
    "standard": "",
}
#: Matches that are unknowns, the same throughout one packet's way.
OPAQUE = {
    "addrtype": "src-type dst-type limit-iface-in=0 limit-iface-out=0",
    "ah": "ahspi ahlen ahres=0",
    "cgroup": "path cgroup",
    "cpu": "cpu",
    "devgroup": "src-group dst-group",
    "dst": "dst-len dst-opts",
    "esp": "espspi",
    "eui64": "",
    "frag": "fragid fraglen fragres=0 fragfirst=0 fragmore=0 fraglast=0",
    "hbh": "hbh-len hbh-opts",
    "helper": "helper",
    "ipcomp": "ipcompspi compres=0",
    "ipv6header": "header soft=0",
    "ipvs": "ipvs=0 vproto vaddr vport vdir vmethod vportctl",
    "length": "length",
    "mac": "mac-source",
    "mh": "mh-type",
    "osf": "genre ttl log",
    "owner": "uid-owner gid-owner socket-exists=0 suppl-groups=0",
    "physdev": "physdev-in physdev-out physdev-is-in=0 physdev-is-out=0 physdev-is-bridged=0",
    "pkttype": "pkt-type",
    "policy": "dir pol strict=0 reqid spi proto mode tunnel-src tunnel-dst next=0",
    "realm": "realm",
    "rpfilter": "loose=0 validmark=0 accept-local=0 invert=0",
    "rt": "rt-type rt-segsleft rt-len rt-0-res=0 rt-0-addrs rt-0-not-strict=0",
    "srh": "srh-next-hdr srh-hdr-len-eq srh-hdr-len-gt srh-hdr-len-lt srh-segs-left-eq srh-segs-left-gt srh-segs-left-lt"
    " srh-last-entry-eq srh-last-entry-gt srh-last-entry-lt srh-tag srh-psid srh-nsid srh-lsid",
    "string": "from to algo icase=0 string hex-string",
    "tcpmss": "mss",
    "u32": "u32",
}
#: Matches that are unknowns, and new ones each time: what they look at counts, is random, or is changed by other rules.
FRESH = {
    "bpf": "bytecode object-pinned",
    "cluster": "cluster-total-nodes cluster-local-node cluster-local-nodemask cluster-hash-seed",
    "connbytes": "connbytes connbytes-dir connbytes-mode",
    "connlabel": "label set=0",
    "connlimit": "connlimit-upto connlimit-above connlimit-mask connlimit-saddr=0 connlimit-daddr=0",
    "connmark": "mark",
    "dscp": "dscp dscp-class",
    "ecn": "ecn-tcp-cwr=0 ecn-tcp-ece=0 ecn-ip-ect",
    "hashlimit": "hashlimit hashlimit-upto hashlimit-above hashlimit-mode hashlimit-srcmask hashlimit-dstmask hashlimit-name"
    " hashlimit-burst hashlimit-htable-size hashlimit-htable-max hashlimit-htable-gcinterval hashlimit-htable-expire"
    " hashlimit-rate-match=0 hashlimit-rate-interval",
    "hl": "hl-eq hl-lt hl-gt",
    "limit": "limit limit-burst",
    "mark": "mark",
    "nfacct": "nfacct-name",
    "quota": "quota",
    "rateest": "rateest rateest1 rateest2 rateest-delta=0 rateest-bps rateest-bps1 rateest-bps2 rateest-pps rateest-pps1"
    " rateest-pps2 rateest-lt=0 rateest-gt=0 rateest-eq=0",
    "recent": "set=0 rcheck=0 update=0 remove=0 seconds reap=0 hitcount rttl=0 name rsource=0 rdest=0 mask",
    "socket": "nowildcard=0 transparent=0 restore-skmark=0",
    "statistic": "mode probability every packet",
    "tos": "tos",
    "ttl": "ttl-eq ttl-lt ttl-gt ttl",
}
MODULES = {
    name: Module(name, _options(text), fresh)
    for table, fresh in ((READ, False), (OPAQUE, False), (FRESH, True))
    for name, text in table.items()
}
#: other names of a module
ALIASES = {"icmpv6": "icmp6", "ipv6-icmp": "icmp6", "iprange6": "iprange"}
#: The match that `-p NAME` brings with it.
OF_PROTOCOL = {6: "tcp", 17: "udp", 136: "udplite", 132: "sctp", 33: "dccp", 1: "icmp", 58: "icmp6"}

#: Targets after which the packet goes on as it was, as far as anything judged here can see.
PASSED_BY = {
    "AUDIT": "type",
    "CHECKSUM": "checksum-fill=0",
    "CLASSIFY": "set-class",
    "CONNMARK": "set-xmark save-mark=0 restore-mark=0 set-mark and-mark or-mark xor-mark nfmask ctmask mask left-shift-mark"
    " right-shift-mark",
    "CONNSECMARK": "save=0 restore=0",
    "DSCP": "set-dscp set-dscp-class",
    "ECN": "ecn-tcp-remove=0",
    "HL": "hl-set hl-dec hl-inc",
    "HMARK": "hmark-tuple hmark-mod hmark-offset hmark-rnd hmark-src-prefix hmark-dst-prefix hmark-sport-mask hmark-dport-mask"
    " hmark-spi-mask hmark-sport hmark-dport hmark-spi hmark-proto-mask",
    "IDLETIMER": "timeout label alarm=0",
    "LED": "led-trigger-id led-delay led-always-blink=0",
    "LOG": "log-level log-prefix log-tcp-sequence=0 log-tcp-options=0 log-ip-options=0 log-uid=0 log-macdecode=0",
    "MARK": "set-xmark set-mark and-mark or-mark xor-mark",
    "NFLOG": "nflog-group nflog-range nflog-size nflog-threshold nflog-prefix",
    "RATEEST": "rateest-name rateest-interval rateest-ewmalog",
    "SECMARK": "selctx",
    "SET": "add-set=2 del-set=2 map-set=2 exist=0 timeout map-mark=0 map-prio=0 map-queue=0",
    "TCPMSS": "set-mss clamp-mss-to-pmtu=0",
    "TCPOPTSTRIP": "strip-options",
    "TOS": "set-tos and-tos or-tos xor-tos",
    "TRACE": "",
    "TTL": "ttl-set ttl-dec ttl-inc",
    "ULOG": "ulog-nlgroup ulog-cprange ulog-qthreshold ulog-prefix",
}
#: Targets that are read (see targets.py).
DECIDING = {
    "ACCEPT": "",
    "DROP": "",
    "RETURN": "",
    "REJECT": "reject-with",
    "TARPIT": "tarpit=0 honeypot=0 reset=0",
    "CT": "notrack=0 helper timeout ctevents expevents zone zone-orig zone-reply",
    "NOTRACK": "",
    "DNAT": "to-destination random=0 persistent=0",
    "REDIRECT": "to-ports random=0",
    "NETMAP": "to",
    "SNAT": "to-source random=0 random-fully=0 persistent=0",
    "MASQUERADE": "to-ports random=0 random-fully=0",
}
#: Targets of which it is not known here what becomes of the packet.
UNKNOWN = {
    "CLUSTERIP": "new=0 hashmode clustermac total-nodes local-node hash-init",
    "DNPT": "src-pfx dst-pfx",
    "SNPT": "src-pfx dst-pfx",
    "NFQUEUE": "queue-num queue-balance queue-bypass=0 queue-cpu-fanout=0",
    "QUEUE": "",
    "SYNPROXY": "sack-perm=0 timestamp=0 wscale mss ecn=0",
    "TEE": "gateway oif",
    "TPROXY": "on-port on-ip tproxy-mark",
}
TARGETS = {name: _options(text) for table in (PASSED_BY, DECIDING, UNKNOWN) for name, text in table.items()}
