"""Looking: the one door to the network and what goes through it. Nothing in here decides."""
