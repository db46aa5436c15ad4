"""The policy as data: clauses, controls and the profile's parameters."""
