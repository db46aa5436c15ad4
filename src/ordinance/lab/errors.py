"""What can go wrong with the simulated city, in sentences for the person who starts it."""

from __future__ import annotations

from ordinance.errors import OrdinanceError


class LabError(OrdinanceError):
    """The simulated city cannot be started, reached or stopped (exit code 4)."""
