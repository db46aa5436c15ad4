"""The report for people: one HTML file that needs nothing else, runs nothing and asks nobody."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from ordinance.record.model import Observation, Results
from ordinance.report import text, words
from ordinance.report.view import arrange


def render(results: Results, observations: Iterable[Observation]) -> str:
    """Write the report of a run. The journal is only read for the observations that the checks cite."""
    return _template().render(view=arrange(results, observations), run=results.run, zone=words.zone(results.run))


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        subject=text.subject,
        sentence=text.sentence,
        law=text.law,
        capture=text.capture,
        tied=words.tied,
        parameter=words.parameter,
        local=words.local_time,
        utc=words.utc_time,
        duration=words.duration,
    )
    environment.globals.update(
        WORDS=words.WORDS,
        headline=words.headline,
        explanation=words.explanation,
        plural=words.plural,
        kind_of=words.kind,
    )
    return environment.get_template("report.html.j2")
