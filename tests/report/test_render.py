"""A page holds all it was given, trusts none of it, and asks nobody for anything."""

import os
import re
import stat
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest

from assay.errors import AssayError
from assay.report import content as c
from assay.report import render, write

from . import sample

EMPTY = c.ReportContent(
    title="Nothing yet",
    made_at="today",
    software="Assay",
    effort_unit="hours",
    projects=(),
    ledger=c.LedgerContent(name="assay.db", head="0", records=0),
)


class Outline(HTMLParser):
    """Headings, ids, links and names of pictures, in the order of the page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.labelled: list[str] = []
        self.unnamed = 0
        self.language = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "html":
            self.language = found.get("lang", "")
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "a":
            self.links.append(found.get("href", ""))
        if tag == "svg":
            self.unnamed += not (found.get("aria-label") or found.get("aria-hidden") == "true")
        self.labelled += found.get("aria-labelledby", "").split()


def texts(value: object) -> list[str]:
    """Every text of a content tree but the pictures and the status."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [text for item in value for text in texts(item)]
    names = getattr(value, "__dataclass_fields__", {})
    return [
        text
        for name in names
        if name not in {"svg", "status"}
        for text in texts(getattr(value, name))
    ]


def plain(html: str) -> str:
    without = re.sub(r"<style>.*?</style>", "", html, flags=re.S)
    words = unescape(re.sub(r"<[^>]+>", "", without)).replace("\u00a0", " ")
    return re.sub(r"\s+", " ", words)


def test_every_word_of_the_content_is_on_the_page(content, html):
    shown = plain(html)
    missing = [text for text in texts(content) if text.replace("`", "") not in shown]
    assert not [text for text in missing if text]


def test_the_outline_is_in_order_and_every_link_leads_somewhere(html):
    outline = Outline(html)
    assert outline.language == "en"
    assert outline.headings.count(1) == 1
    assert outline.headings[0] == 1
    jumps = [b - a for a, b in zip(outline.headings, outline.headings[1:], strict=False)]
    assert max(jumps) <= 1
    assert len(set(outline.ids)) == len(outline.ids)
    assert {link.removeprefix("#") for link in outline.links} <= set(outline.ids)
    assert set(outline.labelled) <= set(outline.ids)
    assert outline.unnamed == 0


def test_the_plan_stands_before_the_projects(html):
    assert html.index('id="plan"') < html.index('id="projects-title"')


def test_nothing_runs_and_nothing_is_fetched(html):
    assert "<script" not in html
    assert "default-src 'none'" in html
    assert not re.findall(r'(?:src|href)="(?!#|data:,")', html)
    assert "@import" not in html
    assert not re.findall(r"url\((?!#)", html)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("verdict supported", "Verdict: supported"),
        ("verdict refuted", "Verdict: refuted"),
        ("verdict inconclusive", "Verdict: inconclusive"),
        ("open", "Open: no verdict yet"),
        ("refused", "Refused before any model"),
        ("idea", "Idea: no data yet"),
    ],
)
def test_a_status_is_said_in_words(status, words):
    project = replace(sample.returns(), status=status)
    assert words in plain(render(replace(EMPTY, projects=(project,))))


def test_simulated_data_are_labelled_and_others_are_not():
    shown = [
        plain(render(replace(EMPTY, projects=(replace(sample.returns(), is_simulated=flag),))))
        for flag in (True, False)
    ]
    assert ["Simulated data" in page for page in shown] == [True, False]


def test_what_a_user_wrote_is_shown_and_never_run():
    attack = '<script>alert(1)</script> & "quotes" `<b>code</b>`'
    project = replace(sample.returns(), key='a"><img src=x>', title=attack, verdict=attack)
    html = render(replace(EMPTY, title=attack, projects=(project,)))
    assert "<script" not in html
    assert "<img" not in html
    assert "<b>" not in html
    assert attack.replace("`", "") in plain(html)


@pytest.mark.parametrize(
    "svg",
    [
        "<svg><script>alert(1)</script></svg>",
        '<svg onload="alert(1)"></svg>',
        '<svg><image href="http://example.org/x.png"/></svg>',
        '<svg><rect fill="url(http://example.org/x)"/></svg>',
        '<svg a="x> onload=alert(1)"',
        '<svg><a xlink:href="javascript:alert(1)" xmlns:xlink="http://www.w3.org/1999/xlink"/></svg>',
        "<svg><foreignObject><p>text</p></foreignObject></svg>",
        "<p>no picture</p>",
        "<svg></svg><p>more</p>",
    ],
)
def test_a_picture_that_could_run_or_fetch_is_refused(svg):
    picture = c.Picture(title="x", svg=svg)
    project = replace(sample.returns(), curve=picture)
    with pytest.raises(AssayError, match=r"Draw it with assay\.picture\.svg"):
        render(replace(EMPTY, projects=(project,)))


def test_a_label_that_reads_like_code_is_only_a_label():
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg"><text>&lt;script> onload="x" href="y"</text></svg>'
    )
    project = replace(sample.returns(), curve=c.Picture(title="x", svg=svg))
    assert svg in render(replace(EMPTY, projects=(project,)))


def test_two_projects_of_one_key_are_refused():
    with pytest.raises(AssayError, match="stands 2 times"):
        render(replace(EMPTY, projects=(sample.churn(), sample.churn())))


def test_keys_that_differ_only_in_signs_get_their_own_links():
    projects = tuple(replace(sample.returns(), key=key) for key in ("a-b", "a_b", "a b", "a_2db"))
    outline = Outline(render(replace(EMPTY, projects=projects)))
    assert len(set(outline.ids)) == len(outline.ids)


def test_an_empty_portfolio_says_what_to_do():
    shown = plain(render(EMPTY))
    assert "No plan was asked for." in shown
    assert "The first [[project]] in assay.toml appears here." in shown


def test_a_plan_that_could_not_be_made_says_why():
    shown = plain(render(replace(EMPTY, plan_refusal="No curve is known for any project.")))
    assert "No curve is known for any project." in shown


def test_what_the_plan_keeps_back_is_said(content):
    kept = replace(content.plan, budget=50)
    assert "40 of 50 person-days given; 10 kept back." in plain(render(replace(content, plan=kept)))


def test_the_same_content_gives_the_same_page(content, html):
    assert render(content) == html


def test_a_written_page_is_the_rendered_one_and_leaves_nothing_beside_it(content, html, tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")
    assert write(content, path) == path
    assert path.read_text("utf-8") == html
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
    assert stat.S_IMODE(path.stat().st_mode) & stat.S_IRUSR


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(AssayError, match=r"missing.*cannot be written: No such file"):
        write(EMPTY, tmp_path / "missing" / "report.html")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to read-only folders")
def test_a_read_only_folder_is_an_error_a_user_can_act_on(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(AssayError, match="Choose another path"):
        write(EMPTY, tmp_path / "report.html")


def test_an_interrupted_write_keeps_the_old_page(tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(AssayError, match="No space left on device"):
        write(EMPTY, path)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["old"]
