"""What stands before every action: was the run stopped, is the address in scope, is it our turn."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ordinance.inventory.model import Address
from ordinance.observe.api import CouldNotLook, Deadline, Unseen
from ordinance.observe.lending import Lender
from ordinance.observe.pace import Pacer
from ordinance.observe.scope_guard import ScopeGuard

KILL_SWITCH_VARIABLE = "ORDINANCE_KILL_SWITCH"
KILL_SWITCH_FILE = "STOP"  #: in the reports folder of the run


class KillSwitch:
    """A file whose existence stops everything, or the run's own word that it was interrupted."""

    def __init__(self, path: Path, halted: Callable[[], bool] = lambda: False) -> None:
        self._path = path.absolute()
        self._halted = halted

    @classmethod
    def of_environment(cls, halted: Callable[[], bool] = lambda: False, reports: Path = Path("reports")) -> KillSwitch:
        """Return the file that `ORDINANCE_KILL_SWITCH` names, else `STOP` in `reports`; no inventory can turn it off."""
        return cls(Path(os.environ.get(KILL_SWITCH_VARIABLE) or reports / KILL_SWITCH_FILE), halted)

    def check(self) -> None:
        """HALTED when the run was stopped."""
        if self._halted():
            raise CouldNotLook(Unseen.HALTED, "the run was interrupted")
        if thrown := self.thrown():
            raise CouldNotLook(Unseen.HALTED, thrown)

    def thrown(self) -> str:
        """What the file says, in words; empty while it is not there. One that cannot be looked at counts as there."""
        try:
            self._path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except OSError as error:
            return f"the kill switch {self._path} cannot be looked at: {error.strerror}"
        return f"the kill switch {self._path} is there"


class Gate:
    """Passed by every action, in this order: kill switch, scope, pace."""

    def __init__(self, switch: KillSwitch, guard: ScopeGuard, pacer: Pacer) -> None:
        self.switch = switch
        self.guard = guard
        self._pacer = pacer
        self.lender = Lender(pacer.pace, pacer)

    def admit(self, address: Address, deadline: Deadline) -> None:
        """Return when a connection to `address` may be made now. HALTED, SCOPE, or DEADLINE (the pace is too slow)."""
        self.switch.check()
        self.guard.check(address)
        self._pacer.wait(address, deadline, self.switch.check)
        self.switch.check()
