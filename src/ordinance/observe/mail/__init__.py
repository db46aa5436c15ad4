"""How looks handle mail: sessions, offers, the probe mailbox and its filling, its byte budget."""
