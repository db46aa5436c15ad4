"""`ordinance prove`: the ruleset proof at the command line, before a ruleset is deployed."""
