"""The report in a real browser: nothing overflows, nothing is fetched, nothing complains, every link leads somewhere that can be
seen, and all text can be read in light and dark colours."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bldr import JAFFLE, ROOT, run_job
from browser import CHROMIUM, Browser

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")

RENDER = Path(os.environ["BLDR_BUILD"]) / "tests" / "agents" / "render_report"
GOLDEN = ROOT / "tests" / "golden" / "artefacts"
WIDE = ROOT / "tests" / "agents" / "wide_star.py"
ADVENTUREWORKS = ROOT.parent / "shared" / "data" / "adventureworks_sales" / "data"
LOOKS = [(1280, "light"), (1280, "dark"), (400, "light"), (400, "dark")]
PAGES = ["a run", "a wide run", "findings", "made up", "long words"]

UNFOLD = "document.querySelectorAll('details').forEach(d => { d.open = true; })"

# Elements that stick out of the page and of nothing that scrolls.
STICKING_OUT = """
[...document.body.querySelectorAll('*')].filter(e => {
    const box = e.getBoundingClientRect();
    if (box.width === 0 || box.right <= innerWidth + 1 || box.right < 0) return false;
    for (let p = e; p && p !== document.body; p = p.parentElement) {
        if (getComputedStyle(p).overflowX !== 'visible') return false;
    }
    return true;
}).map(e => e.tagName + '.' + e.getAttribute('class') + ': ' + e.textContent.slice(0, 60))
"""

# Contrast (WCAG 2.2, 1.4.3) of every text against what is painted behind it.
FAINT = """
(() => {
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const known = new Map();
    const rgb = c => known.get(c) ?? known.set(c, read(c)).get(c);
    const read = c => {
        canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = c => {
        const [r, g, b] = c.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = e => {
        for (; e; e = e.parentElement) {
            const c = rgb(getComputedStyle(e).backgroundColor);
            if (c[3] === 255) return c;
        }
        return [255, 255, 255, 255];
    };
    const faint = new Set();
    for (const e of document.body.querySelectorAll('*')) {
        const text = [...e.childNodes].filter(n => n.nodeType === 3).map(n => n.data).join('').trim();
        const style = getComputedStyle(e);
        if (!text || e.closest('svg') || style.visibility === 'hidden') continue;
        const [a, b] = [light(rgb(style.color)), light(behind(e))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
        if (ratio < (large ? 3 : 4.5)) faint.add(`${ratio.toFixed(2)} ${e.tagName}.${e.getAttribute('class')}: ${text.slice(0, 40)}`);
    }
    return [...faint].slice(0, 10);
})()
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Reports of all kinds: of runs, of the hand-written artefacts (a failed check), of a made-up star of 26 tables."""

    def rendered(folder: Path) -> Path:
        page = tmp_path_factory.mktemp("page") / "report.html"
        done = subprocess.run([RENDER, folder], capture_output=True, check=True)
        page.write_bytes(done.stdout)
        return page

    def lengthened(value: Any) -> Any:
        """Names of columns become words of 300 letters without a blank."""
        if isinstance(value, dict):
            return {k: lengthened(v) for k, v in value.items()}
        if isinstance(value, list):
            return [lengthened(v) for v in value]
        return value + "x" * 300 if value in ("note", "ordered_on", "customers.csv") else value

    wide, long = (tmp_path_factory.mktemp(name) for name in ("wide", "long"))
    subprocess.run([sys.executable, WIDE, wide, "7", "19"], check=True)
    for path in GOLDEN.glob("*.json"):
        (long / path.name).write_text(json.dumps(lengthened(json.loads(path.read_text()))))
    made = {
        "a run": Path(run_job(JAFFLE, tmp_path_factory.mktemp("run"))["report"]),
        "findings": rendered(GOLDEN),
        "made up": rendered(wide),
        "long words": rendered(long),
    }
    if ADVENTUREWORKS.is_dir():
        output = tmp_path_factory.mktemp("adventureworks")
        made["a wide run"] = Path(run_job(ADVENTUREWORKS, output)["report"])
    return made


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as b:
        yield b


@pytest.mark.parametrize("width, scheme", LOOKS)
@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_whole_and_can_be_read(
    pages: dict[str, Path], browser: Browser, name: str, width: int, scheme: str
) -> None:
    if name not in pages:
        pytest.skip(f"{ADVENTUREWORKS} is not there")
    browser.open(pages[name], width, 900, scheme)
    for unfolded in (False, True):
        if unfolded:
            browser.ask(UNFOLD)
        assert browser.ask("document.documentElement.scrollWidth") <= width
        assert browser.ask(STICKING_OUT) == []
    if width == LOOKS[0][0]:  # colours are the same in all widths
        assert browser.ask(FAINT) == []
    assert browser.requests() == [pages[name].resolve().as_uri()]
    assert browser.complaints() == []


@pytest.mark.parametrize("name", PAGES[:3])
def test_every_link_leads_to_what_can_be_seen(
    pages: dict[str, Path], browser: Browser, name: str
) -> None:
    if name not in pages:
        pytest.skip(f"{ADVENTUREWORKS} is not there")
    browser.open(pages[name], 1280, 900)
    hrefs = browser.ask(
        "[...new Set([...document.querySelectorAll('a')].map(a => a.getAttribute('href')))]"
    )
    assert len(hrefs) >= 8
    for href in hrefs:
        browser.ask("document.querySelectorAll('details').forEach(d => { d.open = false; })")
        browser.ask(f"location.hash = ''; location.hash = {json.dumps(href)}")
        height = browser.ask(
            f"document.getElementById({json.dumps(href[1:])})?.getBoundingClientRect().height"
        )
        assert height, f"{href} leads nowhere"


@pytest.mark.parametrize("width", [1280, 400])
def test_the_first_screen_says_what_matters(
    pages: dict[str, Path], browser: Browser, width: int
) -> None:
    browser.open(pages["a run"], width, 900)
    seen = browser.ask(
        "[...document.querySelectorAll('h1, .lead, .tiles > div')]"
        ".filter(e => e.getBoundingClientRect().bottom <= innerHeight).map(e => e.innerText)"
    )
    text = " ".join(" ".join(seen).split())
    assert text.startswith("✓ Validated")
    for part in ("records read 312", "source files 3", "tables 4", "rows loaded 677"):
        label, number = part.rsplit(" ", 1)
        assert f"{number} {label}" in text or part in text, text
    assert "none failed" in text


def test_the_browser_would_tell(tmp_path: Path, browser: Browser) -> None:
    """The checks of this file find what they look for, in a page that has it all."""
    bad = tmp_path / "bad.html"
    bad.write_text(
        "<!DOCTYPE html><img src='gone.png'><script>console.error('oh')</script>"
        "<p style='color:#999;background:#fff'>faint</p><div style='width:2000px'>wide</div>"
    )
    browser.open(bad, 400, 900)
    assert browser.ask("document.documentElement.scrollWidth") == 2008
    assert any("DIV" in x for x in browser.ask(STICKING_OUT))
    assert any("faint" in x for x in browser.ask(FAINT))
    assert len(browser.requests()) == 2
    assert any("oh" in x for x in browser.complaints())
