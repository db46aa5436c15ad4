"""Running a job of the packet agent, and what its last line may say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from ordinance.observe.api import CouldNotLook, Deadline, Unseen, VantagePoint
from ordinance.observe.safetext import safe_line


def run_job(
    vantage: VantagePoint, job: Mapping[str, Any], deadline: Deadline, on_line: Callable[[dict[str, Any]], None]
) -> tuple[dict[str, Any], str]:
    """Run `job` at the vantage; its last line and the observation id. CouldNotLook(TOOL) when the agent failed over there."""
    last, observation = vantage.agent(job, deadline, on_line)
    if "error" in last or not last.get("done"):
        raise CouldNotLook(Unseen.TOOL, f"the packet agent failed: {safe_line(str(last.get('error', 'no result')))}", observation)
    return last, observation


@contextmanager
def believable(observation: str) -> Iterator[None]:
    """Make values of an agent's last line within this. CouldNotLook(TOOL) when it does not say what an agent says."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, msgspec.MsgspecError) as error:
        what = f"the packet agent said what makes no sense ({type(error).__name__})"
        raise CouldNotLook(Unseen.TOOL, what, observation) from error
