"""The page in a real browser: on a desk and on a phone, light, dark and on paper."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
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


# Pairs of words in one picture that lie on each other, and words that stick out of their picture.
DRAWN_OVER = """() => [...document.querySelectorAll("svg.picture")].flatMap(picture => {
  const frame = picture.getBoundingClientRect();
  const words = [...picture.querySelectorAll("text")].map(node =>
    ({text: node.textContent, box: node.getBoundingClientRect()})).filter(({box}) => box.width);
  const out = words.filter(({box}) => box.left < frame.left - 1 || box.right > frame.right + 1
    || box.top < frame.top - 1 || box.bottom > frame.bottom + 1).map(({text}) => text);
  const over = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3;
  const pairs = words.flatMap((one, at) => words.slice(at + 1)
    .filter(other => over(one.box, other.box)).map(other => `${one.text} / ${other.text}`));
  return [...out, ...pairs];
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator:
    if CHROMIUM is None:
        pytest.fail("ASSAY_CI is set, but there is no chromium: install Debian's `chromium`")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield started
        started.close()


SCREENS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]


@pytest.fixture(params=SCREENS, ids=str)
def page(request: pytest.FixtureRequest, browser, page_file: Path) -> Iterator:
    """The page that was made up, long and varied."""
    with shown(browser, page_file, *request.param) as opened:
        yield opened


@pytest.fixture(params=SCREENS, ids=str)
def built_page(request: pytest.FixtureRequest, browser, built_file: Path) -> Iterator:
    """The page of a portfolio that was run."""
    with shown(browser, built_file, *request.param) as opened:
        yield opened


@contextmanager
def shown(browser, file: Path, width: int, scheme: str) -> Iterator:
    """A page with everything it said or asked for; both are checked after each test."""
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    context.set_offline(True)
    opened = context.new_page()
    said, asked = [], []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("request", lambda asked_for: asked.append(asked_for.url))
    opened.goto(file.as_uri())
    yield opened
    context.close()
    assert said == []
    assert asked == [file.as_uri()]


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


def test_a_page_of_real_records_fits_its_screen_and_can_be_read(built_page):
    unfold(built_page)
    assert built_page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert built_page.evaluate(STICKING_OUT) == []
    worst = built_page.evaluate(LEAST_CONTRAST)
    assert worst["seen"] > 200
    assert worst["ratio"] >= 4.5, worst


def test_no_word_of_a_picture_lies_on_another_or_is_cut_off(built_page):
    unfold(built_page)
    assert built_page.locator("svg.picture").count() >= 10
    assert built_page.evaluate(DRAWN_OVER) == []


def test_the_plan_is_what_is_seen_first(built_page):
    lede = built_page.locator("#plan .lede").bounding_box()
    assert lede["y"] + lede["height"] <= 844
