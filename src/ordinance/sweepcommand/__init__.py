"""`ordinance sweep`: one sweep alone, within the inventory's scope, told as a table or as JSON."""
