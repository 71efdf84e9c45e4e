"""The report as a browser reads it: well-formed, self-contained, accessible; data never becomes markup; drawings do not
overlap however many tables there are."""

import itertools
import json
import os
import re
import subprocess
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import wide_star

GOLDEN = Path(os.environ["BLDR_ROOT"]) / "tests" / "golden" / "artefacts"
RENDER = Path(os.environ["BLDR_BUILD"]) / "tests" / "agents" / "render_report"
VOID = {"meta", "link", "br", "hr", "img", "input"}
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}

# Free text of the artefacts: what comes from data or quotes it. All else is an enum, a hash, a type or a number.
FREE = {
    *(
        "path",
        "reason",
        "raw",
        "token",
        "text",
        "choice",
        "grain",
        "scd",
        "why",
        "expected",
        "found",
    ),
    *("provenance", "proves", "samples", "evidence", "label", "prose", "name", "table", "column"),
    *("columns", "target", "subject", "value", "min", "max"),
}
HOSTILE = "<script>alert(1)</script>\"' onload=x ]]><!-- --></svg></style>{{x}} & äöü 日本"


class Page(HTMLParser):
    """What a page consists of; raises on a tag that is not closed or closed twice."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[tuple[str, str]] = []  # innermost tag, text
        self.comments: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.text.append((self.open[-1] if self.open else "", data))

    def attributes(self, name: str) -> list[str]:
        return [v for _, attrs in self.tags if (v := attrs.get(name)) is not None]


def render(folder: Path) -> str:
    done = subprocess.run(
        [RENDER, folder], capture_output=True, text=True, encoding="utf-8", timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def with_free_text(value: Any, text: str, key: str = "") -> Any:
    """The same artefact with every free text replaced. Names stay names of something: all become the same."""
    if isinstance(value, dict):
        kept = {"head", "artefact", "rule"} | ({"min", "max"} if "by_month" in value else set())
        return {k: v if k in kept else with_free_text(v, text, k) for k, v in value.items()}
    if isinstance(value, list):
        return [with_free_text(v, text, key) for v in value]
    if isinstance(value, str) and key in FREE and value != "embedded":
        return text[:2_000] if key == "raw" else text  # 4 KB of UTF-8 at most
    return value


def all_with_free_text(text: str) -> dict[str, Any]:
    return {
        path.stem: with_free_text(json.loads(path.read_text(encoding="utf-8")), text)
        for path in GOLDEN.glob("*.json")
    }


def drawings(html: str) -> list[ET.Element]:
    return [
        ET.fromstring(svg) for svg in re.findall(r"<svg class=\"diagram\".*?</svg>", html, re.S)
    ]


@pytest.fixture(scope="module")
def html() -> str:
    return render(GOLDEN)


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    made = wide_star.artefacts(facts=7, dimensions=19)
    return made, render(wide_star.write(tmp_path_factory.mktemp("wide"), made))


def test_the_page_is_well_formed_and_whole(html: str) -> None:
    page = Page(html)
    assert html.startswith("<!DOCTYPE html>")
    assert "{{" not in html
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    for href in page.attributes("href"):
        assert href.startswith("#") and href[1:] in ids
    for attribute in ("aria-labelledby", "aria-describedby"):
        for names in page.attributes(attribute):
            assert set(names.split()) <= set(ids)


def test_the_page_needs_nothing_but_itself(html: str) -> None:
    page = Page(html)
    assert {t for t, _ in page.tags} & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "form",
    } == set()
    assert page.attributes("src") == [] and "url(" not in html and "@import" not in html
    assert not re.search(r"https?://", html)
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)


def test_the_page_can_be_read_without_eyes(html: str) -> None:
    page = Page(html)
    assert ("html", {"lang": "en"}) in page.tags
    levels = [int(t[1]) for t, _ in page.tags if t in HEADINGS]
    assert levels[0] == 1 and levels.count(1) == 1
    for upper, lower in itertools.pairwise(levels):
        assert lower <= upper + 1
    tables = [t for t, _ in page.tags if t == "table"]
    assert len(tables) == len([t for t, _ in page.tags if t == "caption"]) > 0
    assert all("scope" in attrs for t, attrs in page.tags if t == "th")
    for tag, attrs in page.tags:
        if tag == "svg":
            assert attrs.get("aria-hidden") == "true" or attrs.get("role") == "img"
    for svg in drawings(html):
        assert svg[0].tag == "title" and svg[0].text
        assert svg[1].tag == "desc" and svg[1].text


def test_the_same_artefacts_give_the_same_page(html: str, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for path in GOLDEN.glob("*.json"):
        (folder / path.name).write_bytes(path.read_bytes())
    assert render(folder) == html
    assert str(GOLDEN.parent) not in html


def test_data_never_becomes_markup(html: str, tmp_path: Path) -> None:
    hostile = Page(render(wide_star.write(tmp_path, all_with_free_text(HOSTILE))))
    calm = Page(html)
    assert {t for t, _ in hostile.tags} <= {t for t, _ in calm.tags}
    assert {a for _, attrs in hostile.tags for a in attrs} <= {
        a for _, attrs in calm.tags for a in attrs
    }
    assert hostile.comments == []
    shown = [text for tag, text in hostile.text if tag != "style"]
    assert any(HOSTILE in text for text in shown)
    for tag in ("td", "dd", "li", "code"):
        assert any(HOSTILE in text for inner, text in hostile.text if inner == tag), tag


@pytest.mark.parametrize("text", ["x" * 10_000, "wort " * 2_000, "長" * 10_000])
def test_long_values_are_cut(text: str, tmp_path: Path) -> None:
    html = render(wide_star.write(tmp_path, all_with_free_text(text)))
    page = Page(html)
    assert max(len(t) for tag, t in page.text if tag != "style") < 1_100
    assert any(t.endswith("…") for _, t in page.text)
    assert len(html) < 1_000_000
    for svg in drawings(html):
        for box in svg.iter("text"):
            assert len("".join(box.itertext())) <= 1_101


def boxes(svg: ET.Element) -> list[tuple[int, int, int, int]]:
    """Left, top, right, bottom."""
    return [
        (x, y, x + width, y + height)
        for r in svg.iter("rect")
        for x, y, width, height in [[int(r.attrib[k]) for k in ("x", "y", "width", "height")]]
    ]


def lines(svg: ET.Element) -> list[tuple[int, int, int, int]]:
    """Both ends of each line; between them a curve never leaves their rectangle."""
    ends = []
    for path in svg.iter("path"):
        if "line" in path.attrib["class"].split():
            n = [int(v) for v in re.findall(r"-?\d+", path.attrib["d"])]
            assert len(n) == 8 and n[2] == n[4] and n[3] == n[1] and n[5] == n[7]
            ends.append((n[0], n[1], n[6], n[7]))
    return ends


def test_drawings_do_not_overlap(wide: tuple[dict[str, Any], str]) -> None:
    drawn = drawings(wide[1])
    assert len(drawn) == 1 + 26
    for svg in drawn:
        x, y, width, height = (int(v) for v in svg.attrib["viewBox"].split())
        placed = boxes(svg)
        for i, a in enumerate(placed):
            assert x <= a[0] and y <= a[1] and a[2] <= x + width and a[3] <= y + height
            for b in placed[:i]:
                assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        for x1, y1, x2, y2 in lines(svg):
            left, right = min(x1, x2), max(x1, x2)
            assert all(b[2] <= left or right <= b[0] for b in placed)
            for px, py in ((x1, y1), (x2, y2)):
                assert any(px in (b[0], b[2]) and b[1] < py < b[3] for b in placed)


def test_text_in_drawings_stays_in_its_box(wide: tuple[dict[str, Any], str]) -> None:
    for svg in drawings(wide[1]):
        for group in svg.iter("g"):
            [(left, _, right, bottom)] = boxes(group)
            for text in group.iter("text"):
                assert left < int(text.attrib["x"]) < right
                assert int(text.attrib["y"]) < bottom


def test_every_key_of_the_star_has_its_line(wide: tuple[dict[str, Any], str]) -> None:
    tables = wide[0]["design"]["tables"]
    keys = {
        f"{t['name']}.{c['name']} refers to {c['dimension']}"
        for t in tables
        for c in t["columns"]
        if c["role"] == "dimension_key"
    }
    star = drawings(wide[1])[0]
    said = {title.text for path in star.iter("path") for title in path.iter("title")}
    assert len(keys) > 50
    assert said == keys
    assert len(lines(star)) == len(keys)


def test_every_source_column_has_its_line(wide: tuple[dict[str, Any], str]) -> None:
    for table, svg in zip(wide[0]["sttm"]["tables"], drawings(wide[1])[1:], strict=True):
        said = {title.text for path in svg.iter("path") for title in path.iter("title")}
        assert said == {
            f"{s['table']}.{s['column']} to {c['target']}"
            for c in table["columns"]
            for s in c["sources"]
        }
