"""Judging: pure functions from what was seen to a verdict. No socket, clock, file or pytest in here."""
