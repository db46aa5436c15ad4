"""Names the fixtures that look (and pytest's own pytester, for the project's tests); holds no logic."""

pytest_plugins = [
    "fixtures.hosts",
    "fixtures.intranet",
    "fixtures.mail",
    "fixtures.management",
    "fixtures.perimeter",
    "fixtures.rulesets",
    "pytester",
]
