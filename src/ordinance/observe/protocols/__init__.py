"""Clients of the protocols that looks speak, each over a `Dialogue` of the door: no sockets and no verdicts in here."""
