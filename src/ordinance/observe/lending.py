"""The pace of the packet agent. It asks on its own, so a part of the run's pace is lent to it while it is at work.

One sweep and one other job are under way at a time, and what is left is for connections made one by one: together they never go
faster than the inventory allows, to one host or in all. Without a limit (the embedded city) nothing waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ordinance.inventory.model import Pace
from ordinance.observe.agent.fence import SILENT_JOBS
from ordinance.observe.api import Deadline
from ordinance.observe.pace import Pacer

#: Parts of the pace: of a sweep, and of any other job.
SWEEP_SHARE, OTHER_SHARE = 0.6, 0.2
_SLICE = 0.25  #: seconds between two looks at whether the run was stopped


class Lender:
    """Hands out parts of the pace. Threads wait here for their job's turn, whatever their deadline: it begins with the turn."""

    def __init__(self, pace: Pace, pacer: Pacer) -> None:
        self._pace = pace
        self._pacer = pacer
        self._turns = {share: threading.Lock() for share in (SWEEP_SHARE, OTHER_SHARE)}

    @contextmanager
    def lend(
        self, job: Mapping[str, Any], deadline: Deadline, check: Callable[[], None]
    ) -> Iterator[tuple[dict[str, Any], Deadline]]:
        """Give the job as it may be done now, slower, and the deadline for that. `check` may raise while it waits."""
        if job.get("job") in SILENT_JOBS or (self._pace.per_host is None and self._pace.total is None):
            yield dict(job), deadline
            return
        share = SWEEP_SHARE if job.get("job") == "sweep" else OTHER_SHARE
        asked = deadline.now()
        while not self._turns[share].acquire(timeout=_SLICE):
            check()
        try:
            with self._pacer.less(share):
                slower, longer = self._slower(job, share)
                yield slower, Deadline(deadline.at + deadline.now() - asked + longer, deadline.now)
        finally:
            self._turns[share].release()

    def _slower(self, job: Mapping[str, Any], share: float) -> tuple[dict[str, Any], float]:
        """Give the job with its part of the pace, and how many seconds longer it may take for that."""
        per_host, total = (None if limit is None else limit * share for limit in (self._pace.per_host, self._pace.total))
        slower = dict(job)
        if job.get("job") == "sweep":
            slower |= {"rate": total, "per_host": per_host}
        else:
            # What such a job asks may all be one host.
            slower["rate"] = min(limit for limit in (per_host, total, job.get("rate")) if limit is not None)
        if "seconds" in job:
            slower["seconds"] = job["seconds"] / share
            return slower, float(slower["seconds"] - job["seconds"])
        tries = sum(one.get("tries", job.get("tries", 3)) for one in (*job.get("exchanges", ()), *job.get("echoes", ())))
        return slower, tries / slower["rate"]
