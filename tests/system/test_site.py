"""The documentation as a site: it is built without a warning, is whole, and asks no other host."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from barriers import barriers
from browsing import NARROW, WIDE, look, usual

import sinet_video

MAIN = (
    "", "install", "edges", "tasks/editors", "gallery", "performance", "reference/commands",
    "reference/http",
)  # fmt: skip

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site, built with warnings as errors."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    return folder


class Fetched(HTMLParser):
    """What a browser fetches by itself when it opens a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the address of a script, a picture or a style."""
        given = dict(attrs)
        if tag in {"script", "img", "iframe", "source", "video"}:
            self.addresses.append(given.get("src") or "")
        if tag == "link" and (given.get("rel") or "") not in {"canonical", "prev", "next"}:
            self.addresses.append(given.get("href") or "")


def fetched(page: Path) -> Iterator[str]:
    """Yield what a page fetches."""
    parser = Fetched()
    parser.feed(page.read_text(encoding="utf-8"))
    yield from filter(None, parser.addresses)


def test_no_page_asks_another_host(site):
    """Scripts, styles, fonts and pictures are all in the folder."""
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    asked = {at for page in pages for at in fetched(page) if re.match(r"(https?:)?//", at)}
    assert asked == set()
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert not re.search(r"url\(['\"]?(https?:)?//", styles)


def test_axe_finds_no_barrier_on_the_main_pages(site, browser):
    """Wide and light, narrow and dark; the browser opens the files as they are."""
    for path in MAIN:
        for size, dark in ((WIDE, False), (NARROW, True)):
            look(browser, size, dark=dark)
            browser.get((site / path / "index.html").as_uri())
            assert barriers(browser) == [], (path, size)
    usual(browser)


def test_the_reference_has_every_option_and_request(site):
    """Of the commands and of the HTTP interface, from their own descriptions."""
    commands = (site / "reference" / "commands" / "index.html").read_text(encoding="utf-8")
    for word in ("--background", "--checkpoint-every", "--shard", "pseudo-labels", "--moments"):
        assert f"{word}" in commands, word
    http = (site / "reference" / "http" / "index.html").read_text(encoding="utf-8")
    assert "/api/clips/{clip}/jobs" in http


def test_the_reference_of_python_is_whole():
    """Each public name is on the page."""
    page = (ROOT / "docs" / "reference" / "python.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^::: sinet_video\.(\w+)$", page, re.MULTILINE))
    assert named == set(sinet_video.__all__) - {"__version__"}


def test_llms_txt_names_every_page(site):
    """With addresses of pages that are there."""
    text = (site / "llms.txt").read_text(encoding="utf-8")
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    (address,) = re.findall(r"^site_url: (.*)$", settings, re.MULTILINE)
    paths = re.findall(rf"\]\({re.escape(address)}([^)]*)\)", text)
    assert len(paths) > 25
    for path in paths:
        assert (site / path / "index.html").is_file(), path


def test_the_manual_page(tmp_path):
    """It has every command, and man reads it without a complaint, where there is one."""
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "man.py"], capture_output=True, text=True, check=True
    )
    for command in ("RUN", "BATCH", "SERVE", "GENERATE PSEUDO\\-LABELS"):
        assert f'.SH "SINET\\-VIDEO {command}"' in done.stdout
    assert "\\-\\-checkpoint\\-every" in done.stdout
    assert not [
        line for line in done.stdout.splitlines() if re.match(r"['.](?![A-Z]{1,2}( |$))", line)
    ]
