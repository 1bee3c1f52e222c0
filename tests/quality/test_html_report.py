"""The report in a browser, from a file and without a network."""

from __future__ import annotations

import base64
import os
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sinet_video import BilinearRefinement, Settings, preview


def left(image: np.ndarray) -> np.ndarray:
    """A segmenter that finds the left half, and wavers at the seam."""
    alpha = np.zeros(image.shape[:2], np.float32)
    alpha[:, : image.shape[1] // 2] = 1
    alpha[:, image.shape[1] // 2] = image[0, 0, 0] % 2 * 0.5 + 0.25
    return alpha


FOUND = Settings(segmenter=left, smoothing=None, refinement=BilinearRefinement())


@pytest.fixture(scope="module")
def report(tmp_path_factory, make_clip) -> Path:
    """A page of a clip with a name that HTML must escape."""
    source = make_clip("a<b>&.mp4", width=160, height=96, frames=10)
    path = tmp_path_factory.mktemp("page") / "report.html"
    preview(source, path, settings=FOUND, moments=4)
    return path


@pytest.fixture
def page(browser: Any, report: Path) -> Any:
    """The page, opened without a network."""
    browser.set_window_size(1000, 800)
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd(
        "Network.emulateNetworkConditions",
        {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0},
    )
    browser.get(report.as_uri())
    return browser


def stage(page: Any) -> np.ndarray:
    """What the viewer shows, (h, w, 3)."""
    page.execute_script("scrollTo(0, 0)")
    shot = base64.b64decode(page.find_element("css selector", ".stage").screenshot_as_base64)
    return np.asarray(Image.open(BytesIO(shot)).convert("RGB")).astype(int)


def slide(page: Any, value: int) -> np.ndarray:
    """Move the slider as a person does, by keys, and look."""
    from selenium.webdriver.common.keys import Keys

    slider = page.find_element("id", "slider")
    slider.send_keys({0: Keys.HOME, 100: Keys.END}[value])
    assert slider.get_property("value") == str(value)
    return stage(page)


def test_the_slider_moves_between_before_and_after(page):
    """At one end the source, at the other the person before a checkerboard, without colour."""
    before, after = slide(page, 100), slide(page, 0)
    width = before.shape[1]
    right = np.s_[8:-8, width // 2 + 20 : -8]
    kept = np.s_[8:-8, 8 : width // 2 - 20]
    assert np.ptp(after[right], axis=2).max() < 12
    assert np.ptp(before[right], axis=2).max() > 60
    assert np.abs(before[kept] - after[kept]).mean() < 2


def test_a_slider_that_stays_changes_nothing(page):
    """The failing twin."""
    np.testing.assert_array_equal(slide(page, 100), slide(page, 100))


def test_another_moment_and_the_matte_can_be_chosen(page):
    """By buttons, of which one is pressed; the matte is white and black."""
    buttons = page.find_elements("css selector", ".moments button")
    assert len(buttons) == 4
    first = slide(page, 100)
    buttons[3].click()
    pressed = [button.get_attribute("aria-pressed") for button in buttons]
    assert pressed == ["false", "false", "false", "true"]
    assert np.abs(stage(page) - first).mean() > 1
    page.find_element("css selector", "#against option[value='1']").click()
    matte = slide(page, 0)
    middle = matte.shape[1] // 2
    assert matte[8:-8, 8 : middle - 20].min() > 240
    assert matte[8:-8, middle + 20 : -8].max() < 15


def test_plots_and_close_ups_are_there(page):
    """Three curves of ten points, lines for the moments, and enlarged images that loaded."""
    count = "return [...document.querySelectorAll(arguments[0])].length"
    points = page.execute_script(
        "return [...document.querySelectorAll('polyline')].map((line) => line.points.numberOfItems)"
    )
    assert points == [10] * 3
    assert page.execute_script(count, ".plot line.moment") == 12
    assert page.execute_script(count, "figure") >= 1
    broken = "return [...document.images].filter((i) => i.src && !i.naturalWidth).length"
    assert page.execute_script(broken) == 0
    assert page.find_element("tag name", "h1").text == "a<b>&.mp4"


def test_nothing_else_is_asked_for(page, report):
    """No request but for the page itself; the file names no other place; no complaint."""
    asked = page.execute_script(
        "return performance.getEntriesByType('resource').map((entry) => entry.name)"
    )
    assert [name for name in asked if not name.startswith("data:")] == []
    assert re.findall(r"(?:src|href)=\"(?!data:)[^\"]*", report.read_text("utf-8")) == []
    assert "http://" not in report.read_text("utf-8").replace("http-equiv", "")
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_a_name_that_is_not_utf_8(make_clip, tmp_path):
    """Is shown with escapes, and the page is there and is UTF-8."""
    source = tmp_path / os.fsdecode(b"caf\xe9.mp4")
    source.write_bytes(make_clip("plain.mp4", width=160, height=96, frames=10).read_bytes())
    preview(source, tmp_path / "page.html", settings=FOUND, moments=2)
    text = (tmp_path / "page.html").read_bytes().decode("utf-8")
    assert r"caf\udce9.mp4" in text
