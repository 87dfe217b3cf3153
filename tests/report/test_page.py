"""The page in a real browser: on a desk and on a phone, light, dark and on paper."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import sample

CHROMIUM = shutil.which("chromium")
IS_CI = bool(os.environ.get("ASSAY_CI"))
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None and not IS_CI, reason="chromium is not installed (Debian: `chromium`)"
    ),
]

# Least contrast of any visible text to what lies behind it, WCAG 2.2, with the text it belongs to.
LEAST_CONTRAST = """() => {
  const rgb = text => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const light = ([r, g, b]) => [r, g, b]
    .map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = node => {
    for (let at = node; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour[3] > 0) return colour;
    }
    return [255, 255, 255, 1];
  };
  let worst = {ratio: 99, text: ""};
  let seen = 0;
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim(), node = walk.currentNode.parentElement;
    if (!text || !node.checkVisibility()) continue;
    const style = getComputedStyle(node);
    const colour = node instanceof SVGElement ? style.fill : style.color;
    const pair = [light(rgb(colour)), light(behind(node))].sort((a, b) => a - b);
    const ratio = (pair[1] + 0.05) / (pair[0] + 0.05);
    seen += 1;
    if (ratio < worst.ratio) worst = {ratio, text};
  }
  return {...worst, seen};
}"""

# Whatever sticks out of the window without standing in a box that scrolls.
STICKING_OUT = """() => [...document.body.querySelectorAll("*")]
  .filter(node => node.checkVisibility() && !node.closest(".scroll table, .unseen, .skip, svg"))
  .filter(node => !node.closest("thead") || innerWidth > 700)
  .filter(node => node.getBoundingClientRect().right > innerWidth + 0.5)
  .map(node => node.tagName + "." + node.className)"""


@pytest.fixture(scope="module")
def browser() -> Iterator:
    if CHROMIUM is None:
        pytest.fail("ASSAY_CI is set, but there is no chromium: install Debian's `chromium`")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield started
        started.close()


@pytest.fixture(params=[(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")], ids=str)
def page(request: pytest.FixtureRequest, browser, page_file: Path) -> Iterator:
    """The page with everything it said or asked for; both are checked after each test."""
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    context.set_offline(True)
    opened = context.new_page()
    said, asked = [], []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("request", lambda asked_for: asked.append(asked_for.url))
    opened.goto(page_file.as_uri())
    yield opened
    context.close()
    assert said == []
    assert asked == [page_file.as_uri()]


def unfold(page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")


def test_nothing_sticks_out_sideways(page):
    unfold(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(STICKING_OUT) == []


def test_every_project_has_its_heading(page):
    for project in sample.PROJECTS:
        assert page.locator("h3", has_text=project().title).is_visible()


def test_all_text_stands_out_from_what_lies_behind_it(page):
    unfold(page)
    worst = page.evaluate(LEAST_CONTRAST)
    assert worst["seen"] > 200
    assert worst["ratio"] >= 4.5, worst


def test_pictures_take_the_colours_of_the_page(page):
    ink = page.evaluate("getComputedStyle(document.body).color")
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    label = page.locator("svg.picture text").first
    fill = label.evaluate("node => getComputedStyle(node).fill")
    brightness = [sum(map(int, colour[4:-1].split(","))) > 382 for colour in (ink, fill)]
    assert brightness == [dark, dark]


def test_a_wide_table_scrolls_in_its_own_box_and_by_keyboard(page):
    unfold(page)
    box = page.locator(".scroll").first
    assert box.get_attribute("tabindex") == "0"
    overflows = box.evaluate("node => node.scrollWidth > node.clientWidth")
    assert overflows == (page.viewport_size["width"] == 390)


def test_the_index_leads_to_a_project(page):
    from playwright.sync_api import expect

    heading = page.locator("h3", has_text=sample.churn().title)
    expect(heading).not_to_be_in_viewport()
    page.locator("nav a", has_text="churn").click()
    expect(heading).to_be_in_viewport()


def test_details_are_folded_on_the_screen_and_open_on_paper(page):
    words = page.get_by_text("variance is 2.8 times the mean").first
    shown = "node => node.checkVisibility({contentVisibilityAuto: true})"
    assert not words.evaluate(shown)
    page.emulate_media(media="print")
    assert words.evaluate(shown)
