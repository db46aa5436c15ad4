"""Who is audited: hosts, zones, vantages, scope, pace and registers, read strictly."""
