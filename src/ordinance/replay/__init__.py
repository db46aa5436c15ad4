"""Judging again from the records of a run, on any machine, without a network."""
