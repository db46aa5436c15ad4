"""One job of the packet agent, at whichever vantage: let through by the gate, sent, heard, recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ordinance.observe import shipping
from ordinance.observe.agent.fence import SILENT_JOBS
from ordinance.observe.api import CouldNotLook, Deadline, Unseen
from ordinance.observe.gate import Gate
from ordinance.observe.recorder import Recorder
from ordinance.observe.safetext import safe_line
from ordinance.observe.ssh_command import AgentLines, Kept

STDERR_CAP = 65_536  #: bytes of standard error that are kept; the rest is counted
_COMPLAINT = 500  #: bytes of its end that are told when an agent failed
#: Runs the agent's command with this input, which stays open, until then; hands on both outputs; its exit status.
Start = Callable[[bytes, Deadline, Callable[[bytes], None], Callable[[bytes], None]], int]


def run_agent(  # noqa: PLR0917 - who, what, until when, by which means
    name: str, gate: Gate, recorder: Recorder, job: Mapping[str, Any], deadline: Deadline,
    on_line: Callable[[dict[str, Any]], None], start: Start,
) -> tuple[dict[str, Any], str]:  # fmt: skip
    """Do a job; its last line, which holds "done": true, and the observation. Without it, or with an "error": TOOL.

    Every address in the job must be in scope. The agent ends when its input does, whoever cuts it.
    """
    attempt = recorder.begin(name, name, "agent")
    lines = AgentLines(on_line)
    err = Kept(STDERR_CAP)
    try:
        check, scope = gate.switch.check, gate.guard.networks()
        check()
        gate.guard.check_job(job)
        with gate.lender.lend(job, deadline, check) as (paced, until):
            status = start(shipping.request(paced | {"scope": scope}), until, lines.take, err.take)
        last = _last_line(lines, status, err)
    except CouldNotLook as failure:
        raise attempt.failed(failure.reason, f"packet agent: {failure.detail}", details=lines.summary()) from failure
    except BaseException:
        attempt.failed(Unseen.HALTED, "packet agent: interrupted", details=lines.summary())
        raise
    told = msgspec.json.encode(last)
    scope_kept = "this job sends nothing" if job.get("job") in SILENT_JOBS else kept(last.pop("fence", None))
    details = {"job": job.get("job", ""), "program": shipping.digest(), "scope": scope_kept, **lines.summary()}
    return last, attempt.done("ok", told, raw=told, details=details)


def _last_line(lines: AgentLines, status: int, err: Kept) -> dict[str, Any]:
    lines.finish()
    last = lines.last
    if last is not None and last.get("done") is True:
        if "error" in last:
            raise CouldNotLook(Unseen.TOOL, str(last["error"]))
        return last
    if status == 127:  # noqa: PLR2004 - POSIX: not found
        raise CouldNotLook(Unseen.TOOL, "there is no python3")
    cut = "…" if len(err.data) > _COMPLAINT else ""  # what is left of a secret there must be found
    complaint = cut + err.data[-_COMPLAINT:].decode("utf-8", "backslashreplace").strip()
    raise CouldNotLook(Unseen.TOOL, f"ended with status {status} before it was done: {complaint}")


def kept(fence: Any) -> str:
    """Say who kept the agent to the scope."""
    if isinstance(fence, dict) and fence.get("up") is True:
        passed = fence.get("passed")
        return f"kept by the audit process and by the vantage's kernel, which let {passed} packets pass and stopped none"
    why = fence.get("why", "") if isinstance(fence, dict) else "it was not asked"
    return f"kept by the audit process alone; the vantage's kernel could not be asked: {safe_line(str(why), cap=200)}"
