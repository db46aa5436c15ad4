"""Every page that a page or the set-up names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in (".", "docs", "docs/decisions", "bench", "inventory", "lab", "reports")
    for path in (ROOT / folder).glob("*.md")
)
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)")
NAMED = re.compile(r"\bdocs/[\w./-]+\.(?:md|png|json)\b")


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    links = LINK.findall((ROOT / page).read_text("utf-8"))
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []


@pytest.mark.parametrize("file", ["run", "tox.ini", "supply/offline.sh", *PAGES])
def test_every_document_that_is_named_is_there(file: str) -> None:
    named = NAMED.findall((ROOT / file).read_text("utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_documents_in_messages_are_there() -> None:
    named = {name for path in (ROOT / "src").rglob("*.py") for name in NAMED.findall(path.read_text("utf-8"))}
    assert "docs/rulesets.md" in named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_pages_are_found_and_have_links() -> None:
    assert "README.md" in PAGES
    assert len(LINK.findall((ROOT / "README.md").read_text("utf-8"))) > 5
