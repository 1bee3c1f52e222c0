"""The page in headless Chromium: upload, brush, cancel, export, download, keys, narrow and dark."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sinet_video import verify

PATIENCE = 120


@pytest.fixture(scope="module")
def page_server(start):
    return start("--max-clips", "5")


@pytest.fixture
def page(browser, page_server) -> Any:
    """The page, and nothing of the test before."""
    browser.get("about:blank")  # what the test before was uploading ends
    page_server.forget()
    browser.set_window_size(1440, 1000)
    browser.get_log("browser")  # from here on
    browser.get(page_server.url)
    wait(lambda: browser.execute_script("return document.querySelector('#destinations input')"))
    return browser


def wait(found: Callable[[], Any]) -> Any:
    """Return what is found, once it is."""
    end = time.monotonic() + PATIENCE
    while not (value := found()):
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.2)
    return value


def drop(page, *clips: Path) -> None:
    page.find_element("id", "files").send_keys("\n".join(map(str, clips)))


def shown(page) -> None:
    """Wait until the open clip's frame is there at full quality, and nothing is under way."""
    script = """return document.getElementById("stage").dataset.shown === "still"
      && !document.getElementById("busy").textContent"""
    wait(lambda: page.execute_script(script))


def alpha_at(page, x: float, y: float) -> int:
    """How opaque the frame is at a place, in shares of it."""
    return page.execute_script(
        """const canvas = document.getElementById("picture");
        return canvas.getContext("2d").getImageData(arguments[0] * canvas.width,
          arguments[1] * canvas.height, 1, 1).data[3];""",
        x, y,
    )  # fmt: skip


def drag(page, *points: tuple[float, float]) -> None:
    from selenium.webdriver import ActionChains

    overlay = page.find_element("id", "overlay")
    width, height = overlay.size["width"], overlay.size["height"]
    steps = [(round((x - 0.5) * width), round((y - 0.5) * height)) for x, y in points]
    actions = ActionChains(page, duration=50)
    actions.move_to_element_with_offset(overlay, *steps[0]).click_and_hold()
    for step in steps[1:]:
        actions.move_to_element_with_offset(overlay, *step)
    actions.release().perform()


def choose(page, name: str, value: str) -> None:
    page.execute_script(f"document.querySelector('input[name={name}][value={value}]').click()")


def texts(page, selector: str) -> list[str]:
    script = "return [...document.querySelectorAll(arguments[0])].map((each) => each.textContent)"
    return page.execute_script(script, selector)


def press(page, label: str) -> None:
    """Press the button of that name among the exports."""
    page.execute_script(
        """[...document.querySelectorAll("#jobs button")]
          .find((each) => each.textContent === arguments[0]).click()""",
        label,
    )


def key(page, *keys: str) -> None:
    from selenium.webdriver import ActionChains

    ActionChains(page).send_keys(*keys).perform()


def test_paint_away_and_export_for_an_editor(page, page_server, carphone, tmp_path):
    """Upload, paint what must go and what must stay, undo, export, download, verify."""
    drop(page, carphone)
    shown(page)
    page.execute_script("document.getElementById('painting').open = true")
    drag(page, (0.5, 0.3), (0.5, 0.6), (0.6, 0.6))
    wait(lambda: alpha_at(page, 0.5, 0.45) < 16)
    choose(page, "kind", "core")
    choose(page, "shape", "rectangle")
    drag(page, (0.02, 0.02), (0.2, 0.2))
    wait(lambda: alpha_at(page, 0.1, 0.1) > 240)
    page.find_element("id", "undo").click()
    wait(lambda: alpha_at(page, 0.1, 0.1) < 16)
    page.find_element("id", "redo").click()
    wait(lambda: alpha_at(page, 0.1, 0.1) > 240)
    shown(page)
    command = wait(lambda: "--core" in (text := texts(page, "#command")[0]) and text)
    assert command.startswith("sinet-video run carphone_pristine.mp4 ")
    assert "--garbage=carphone_pristine-garbage.mkv" in command
    page.find_element("id", "export").click()
    link = wait(lambda: page.execute_script("return document.querySelector('#jobs a')?.href"))
    assert texts(page, "#jobs summary")[0].startswith("Checked: all ")
    name = page.execute_script("return document.querySelector('#jobs a').download")
    assert name == "carphone_pristine-premiere.mov"
    page.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    page.execute_script("document.querySelector('#jobs a').click()")
    wait((tmp_path / name).exists)
    assert verify(tmp_path / name, carphone, alpha_mode="straight").holds
    assert link.startswith(page_server.url)


def test_cancel_in_mid_job_and_retry(page, make_clip):
    drop(page, make_clip("long.mp4", frames=900))
    shown(page)
    page.find_element("id", "export").click()
    wait(lambda: "Premiere" in "".join(texts(page, "#jobs > li:first-child")))
    press(page, "Cancel")
    wait(lambda: "Retry" in texts(page, "#jobs > li:first-child button"))
    assert "cancelled" in texts(page, "#jobs > li:first-child")[0]
    press(page, "Delete")
    wait(lambda: not any("Premiere" in text for text in texts(page, "#jobs b")))


def test_a_batch_of_five_with_one_bad(page, make_clip, tmp_path):
    """The bad one is said, in the command's sentence; the others are there."""
    clips = [make_clip(f"c{index}.mp4") for index in range(4)]
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no video" * 100)
    drop(page, *clips[:2], bad, *clips[2:])
    wait(lambda: len(texts(page, "#cards img")) == 4 and texts(page, "#alert span")[0])
    assert "bad.mp4" in texts(page, "#alert span")[0]
    assert sorted(texts(page, "#cards b")) == [f"c{index}.mp4" for index in range(4)]


def test_sliders_change_the_frame_and_the_command(page, carphone):
    drop(page, carphone)
    shown(page)
    opaque = """const canvas = document.getElementById("picture");
      const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
      return data.reduce((sum, value, index) => sum + (index % 4 === 3 ? value : 0), 0);"""
    before = page.execute_script(opaque)
    assert before > 0
    page.execute_script(
        """const choke = document.getElementById("choke");
        choke.value = 6; choke.dispatchEvent(new Event("input"));"""
    )
    wait(lambda: "--choke=6" in texts(page, "#command")[0])
    wait(lambda: page.execute_script(opaque) < before)
    version = "return document.getElementById('video').src"
    played = wait(lambda: page.execute_script(version))
    hidden = "return document.getElementById('relook').hidden"
    page.execute_script("document.getElementById('feather').dispatchEvent(new Event('input'))")
    wait(lambda: not page.execute_script(hidden))
    page.find_element("id", "relook").click()
    wait(lambda: page.execute_script(version) != played)


def test_keys_views_and_the_timeline(page, carphone):
    drop(page, carphone)
    shown(page)
    wait(lambda: texts(page, "#worst button"))
    assert page.execute_script("return document.querySelectorAll('#curves polyline').length") == 2
    page.execute_script("document.activeElement.blur()")
    key(page, "1")
    assert (
        page.execute_script("return document.querySelector('#view-source').ariaPressed") == "true"
    )
    assert alpha_at(page, 0.02, 0.02) == 255
    key(page, "3")
    clock = lambda: float(texts(page, "#clock")[0].split(":")[1].split(" ")[0])  # noqa: E731
    assert clock() == 0
    key(page, "\ue014")
    wait(lambda: clock() == pytest.approx(0.033, abs=0.002))
    key(page, "]")
    wait(lambda: clock() > 0.04)
    begun = clock()
    key(page, " ")
    wait(lambda: clock() > begun + 0.2)
    key(page, "k")
    shown(page)


def test_it_is_readable_on_a_narrow_dark_screen(page, carphone):
    drop(page, carphone)
    shown(page)
    metrics = {"width": 375, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    dark = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    try:
        for media in ({"features": []}, dark):
            page.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
            width = "return [document.documentElement.scrollWidth, innerWidth]"
            assert page.execute_script(width) == [375, 375]
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_every_control_has_a_name_and_no_request_leaves(page, page_server, carphone):
    drop(page, carphone)
    shown(page)
    nameless = page.execute_script(
        """return [...document.querySelectorAll("button, input, select, a, summary, canvas, svg")]
          .filter((each) => !(each.ariaLabel || each.textContent.trim() || each.labels?.length
            || each.title)).map((each) => each.outerHTML)"""
    )
    assert nameless == []
    asked = page.execute_script(
        "return performance.getEntriesByType('resource').map((each) => each.name)"
    )
    assert asked
    assert all(each.startswith((page_server.url, f"blob:{page_server.url[:20]}")) for each in asked)
    said = [each for each in page.get_log("browser") if each["level"] == "SEVERE"]
    assert said == [], json.dumps(said)
