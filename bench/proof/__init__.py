"""Benchmarks of the ruleset proof."""
