"""What may come in, from the inventory and the profile: pure definitions that looking and judging share."""
