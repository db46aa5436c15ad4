"""Names the fixtures that look; holds no logic."""

pytest_plugins = [
    "fixtures.hosts",
    "fixtures.intranet",
    "fixtures.mail",
    "fixtures.management",
    "fixtures.perimeter",
]
