"""The report in Chromium: accessible, no script, nothing sideways, everything on paper."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from ordinance.judge.verdict import State
from ordinance.law.load import load_law
from ordinance.report.html import render
from selftest.report import sample
from selftest.report.poison import PAYLOADS, everywhere

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
#: A browser that asks nobody outside for anything.
QUIET = (
    "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
    "--disable-dev-shm-usage", "--no-sandbox",
)  # fmt: skip
#: What stands in the report and is not shown.
HIDDEN = """[...document.querySelectorAll("main .law, main .check, main .why, main .later li, main .observations li")]
  .filter(one => !one.checkVisibility({contentVisibilityAuto: true}))"""
#: Boxes whose content runs over their own side; the picture of a firewall may be moved sideways in its own.
TOO_WIDE = """[...document.querySelectorAll("main *")]
  .filter(one => one.scrollWidth > one.clientWidth + 1 && !one.closest("svg, .unseen, .wide"))
  .filter(one => getComputedStyle(one).display != "inline")
  .map(one => one.outerHTML.slice(0, 90))"""
VIEWS = [(1280, 900), (390, 844)]


def _hostile() -> sample.Sample:
    made = sample.make(law=load_law())
    payload = "".join(text for text in PAYLOADS.values() if len(text) < 1000)
    kept = {"complete", "tested", "attested", "not-testable", "in force"} | {item.value for item in State}
    return sample.Sample(everywhere(made.results, lambda text: text if text in kept else text + payload), made.observations)


RUNS = {
    "every verdict": lambda: sample.make(law=load_law()),
    "compliant": lambda: sample.compliant(load_law()),
    "incomplete": lambda: sample.make(law=load_law(), stopped="interrupted by the keyboard"),
    "hostile text": _hostile,
}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium, "Chromium is not installed: apt-get install chromium"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        yield running
        running.close()


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("reports")
    for number, make in enumerate(RUNS.values()):
        made = make()
        (folder / f"{number}.html").write_text(render(made.results, made.observations), "utf-8")
    return {name: (folder / f"{number}.html").as_uri() for number, name in enumerate(RUNS)}


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(bypass_csp=True)
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def shown(page: Page, address: str, size: tuple[int, int] = VIEWS[0], scheme: Any = "light") -> Page:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=scheme)
    page.goto(address)
    return page


def is_visible(page: Page, selector: str) -> bool:
    return page.locator(selector).first.is_visible()


@pytest.mark.parametrize(
    ("run", "size", "scheme"),
    [
        *(("every verdict", size, scheme) for size in VIEWS for scheme in ("light", "dark")),
        ("compliant", VIEWS[0], "light"),
        ("compliant", VIEWS[1], "dark"),
        ("incomplete", VIEWS[1], "light"),
        ("hostile text", VIEWS[0], "light"),
    ],
)
def test_axe_finds_nothing(page: Page, reports: dict[str, str], run: str, size: tuple[int, int], scheme: str):
    shown(page, reports[run], size, scheme)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run()")
    assert len(found["passes"]) > 15, "axe looked at something"
    assert [(item["id"], item["nodes"][0]["html"]) for item in found["violations"]] == []


def test_axe_would_find_something(page: Page, reports: dict[str, str]):
    shown(page, reports["every verdict"])
    page.add_style_tag(content=".quiet { color: #d0d0d0 !important }")
    page.evaluate(AXE.read_text("utf-8"))
    assert "color-contrast" in [item["id"] for item in page.evaluate("axe.run()")["violations"]]


@pytest.mark.parametrize("size", [*VIEWS, (320, 640)], ids=["1280", "390", "320"])
@pytest.mark.parametrize("run", RUNS)
def test_nothing_runs_over_the_side(page: Page, reports: dict[str, str], run: str, size: tuple[int, int]):
    shown(page, reports[run], size)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    wide = page.evaluate(TOO_WIDE)
    assert wide == []


@pytest.mark.parametrize("run", RUNS)
def test_it_runs_nothing_and_asks_nobody(browser: Browser, reports: dict[str, str], run: str):
    context = browser.new_context()
    tab = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("console", lambda message: said.append(message.text))
    tab.on("dialog", lambda dialog: said.append(dialog.message))
    tab.goto(reports[run])
    assert asked == [reports[run]]
    assert said == []
    assert tab.locator("script").count() == 0
    context.close()


def test_the_filter_works_from_the_keyboard(page: Page, reports: dict[str, str]):
    shown(page, reports["every verdict"])
    box = page.get_by_label("Show only what needs attention")
    assert is_visible(page, ".clause.attested")
    box.focus()
    page.keyboard.press("Space")
    assert not is_visible(page, ".clause.attested")
    assert is_visible(page, ".clause.violated") and is_visible(page, ".clause .check.violated")
    page.keyboard.press("Space")
    assert is_visible(page, ".clause.attested")


def test_nothing_is_lost_on_paper(page: Page, reports: dict[str, str]):
    shown(page, reports["every verdict"])
    page.get_by_label("Show only what needs attention").check()
    assert page.evaluate(f"({HIDDEN}).length") > 0, "on the screen much is folded away"
    page.emulate_media(media="print")
    page.wait_for_function(f"({HIDDEN}).length == 0")
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


def test_a_cited_observation_is_one_click_away(page: Page, reports: dict[str, str]):
    shown(page, reports["every verdict"])
    page.locator("#check-4 a", has_text="o-000003").first.click()
    assert page.evaluate("document.querySelector(':target').textContent.includes('198.51.100.5:23/tcp')")
