"""One tunnel sweep at a vantage: let through by the gate, made, recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ordinance.observe.api import CouldNotLook, Deadline, Unseen
from ordinance.observe.gate import Gate
from ordinance.observe.recorder import Recorder
from ordinance.observe.ssh_link import SshLink
from ordinance.observe.tunnel.sweep import TunnelSweep
from ordinance.observe.tunnel.transport import BurstTransport

ENGINE = "tunnel"
KEPT = "kept by the audit process alone: what an SSH server forwards, no kernel holds to the scope"


def run_tunnel(  # noqa: PLR0917 - who, what, until when, by which means
    name: str, link: SshLink, gate: Gate, recorder: Recorder, job: Mapping[str, Any], deadline: Deadline,
    on_line: Callable[[dict[str, Any]], None],
) -> tuple[dict[str, Any], str]:  # fmt: skip
    """Do a sweep job through channels; its result, shaped as an agent's last line, and the observation.

    Every address in the job must be in scope. The pace is lent as to the agent's sweep, and logins keep to it as well.
    """
    attempt = recorder.begin(name, name, ENGINE)
    logins = [0]
    check = gate.switch.check

    def dial(until: Deadline) -> BurstTransport:
        logins[0] += 1
        return link.fresh(BurstTransport, until, recorder)

    try:
        check()
        gate.guard.check_job(job)
        with gate.lender.lend(job, deadline, check) as (paced, until):
            paced["seconds"] = min(paced["seconds"], until.left())
            last = TunnelSweep(paced, on_line, lambda: dial(until), check).run()
    except CouldNotLook as failure:
        raise attempt.failed(failure.reason, f"tunnel sweep: {failure.detail}", details={"logins": logins[0]}) from failure
    except BaseException:
        attempt.failed(Unseen.HALTED, "tunnel sweep: interrupted", details={"logins": logins[0]})
        raise
    told = msgspec.json.encode(last)
    details = {"job": job.get("job", ""), "scope": KEPT, "logins": logins[0]}
    return {**last, "done": True}, attempt.done("ok", told, raw=told, details=details)
