"""The ruleset proof: what every packet at any time meets, read from a firewall's rules. Pure; only `netns` runs a child."""
