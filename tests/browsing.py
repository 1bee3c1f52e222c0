"""The page of `serve` in a browser, as tests use it."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE = 120

SHOWN = """return document.getElementById("stage").dataset.shown === "still"
  && !document.getElementById("busy").textContent"""

PICTURES = os.environ.get("PICTURES_OF_THE_PAGE")
"""A folder for the pictures that tests take; without it they are not kept."""

WIDE, NARROW = (1280, 900), (375, 812)


def wait(found: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """Return what is found, once it is."""
    end = time.monotonic() + patience
    while not (value := found()):
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.1)
    return value


def opened(browser: Any, url: str) -> Any:
    """Open the page and wait until it is ready."""
    browser.set_window_size(1440, 1000)
    browser.get_log("browser")  # from here on
    browser.get(url)
    wait(lambda: browser.execute_script("return document.querySelector('#destinations input')"))
    return browser


def drop(page: Any, *clips: Path) -> None:
    """Give files to the page, as one drop does."""
    page.find_element("id", "files").send_keys("\n".join(map(str, clips)))


def shown(page: Any) -> None:
    """Wait until the open clip's frame is there at full quality, and nothing is under way."""
    wait(lambda: page.execute_script(SHOWN))


def playable(page: Any) -> None:
    """Wait until the clip was looked through."""
    wait(lambda: page.execute_script("return !document.getElementById('play').disabled"))


def alpha_at(page: Any, x: float, y: float) -> int:
    """How opaque the frame is at a place, in shares of it."""
    return page.execute_script(
        """const canvas = document.getElementById("picture");
        return canvas.getContext("2d").getImageData(arguments[0] * canvas.width,
          arguments[1] * canvas.height, 1, 1).data[3];""",
        x, y,
    )  # fmt: skip


def drag(page: Any, *points: tuple[float, float]) -> None:
    """Drag over the frame, from one place to the next."""
    from selenium.webdriver import ActionChains

    overlay = page.find_element("id", "overlay")
    page.execute_script("scrollTo(0, 0)")
    width, height = overlay.size["width"], overlay.size["height"]
    steps = [(round((x - 0.5) * width), round((y - 0.5) * height)) for x, y in points]
    actions = ActionChains(page, duration=50)
    actions.move_to_element_with_offset(overlay, *steps[0]).click_and_hold()
    for step in steps[1:]:
        actions.move_to_element_with_offset(overlay, *step)
    actions.release().perform()


def choose(page: Any, name: str, value: str) -> None:
    """Choose one of several."""
    page.execute_script(f"document.querySelector('input[name={name}][value={value}]').click()")


def slide(page: Any, name: str, value: float) -> None:
    """Move a slider."""
    page.execute_script(
        """const slider = document.getElementById(arguments[0]);
        slider.value = arguments[1]; slider.dispatchEvent(new Event("input"));""",
        name, value,
    )  # fmt: skip


def texts(page: Any, selector: str) -> list[str]:
    """The texts of all elements that a selector finds."""
    script = "return [...document.querySelectorAll(arguments[0])].map((each) => each.textContent)"
    return page.execute_script(script, selector)


def press(page: Any, label: str, within: str = "#jobs") -> None:
    """Press the button of that name."""
    script = """[...document.querySelectorAll(arguments[1])]
      .find((each) => each.textContent === arguments[0]).click()"""
    page.execute_script(script, label, f"{within} button")


def key(page: Any, *keys: str) -> None:
    """Type on the page."""
    from selenium.webdriver import ActionChains

    ActionChains(page).send_keys(*keys).perform()


def clock(page: Any) -> float:
    """The time of the frame that is shown, in seconds."""
    minutes, seconds = texts(page, "#clock")[0].split(" ")[0].split(":")
    return 60 * int(minutes) + float(seconds)


def download(page: Any, selector: str, folder: Path) -> Path:
    """Follow a link to a result, and return the file."""
    behaviour = {"behavior": "allow", "downloadPath": str(folder)}
    page.execute_cdp_cmd("Browser.setDownloadBehavior", behaviour)
    name = page.execute_script("return document.querySelector(arguments[0]).download", selector)
    page.execute_script("document.querySelector(arguments[0]).click()", selector)
    wait((folder / name).exists)
    return folder / name


def look(page: Any, size: tuple[int, int], *, dark: bool) -> None:
    """Show the page at a size, light or dark."""
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


def usual(page: Any) -> None:
    """Show the page as it is again."""
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def picture(page: Any, name: str) -> bytes:
    """Take a picture of the whole page, a PNG; it is kept where somebody wants to see it."""
    measure = "scrollTo(0, 0); return [innerWidth, document.body.scrollHeight]"
    width, height = page.execute_script(measure)
    clip = {"x": 0, "y": 0, "width": width, "height": min(height, 4000), "scale": 1}
    asked = {"format": "png", "captureBeyondViewport": True, "clip": clip}
    data = base64.b64decode(page.execute_cdp_cmd("Page.captureScreenshot", asked)["data"])
    if PICTURES is not None:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        (Path(PICTURES) / f"{name}.png").write_bytes(data)
    return data


def pictures(page: Any, name: str) -> None:
    """Take pictures of the page wide and narrow, light and dark; nothing may stick out."""
    for size in (WIDE, NARROW):
        for dark in (False, True):
            look(page, size, dark=dark)
            wide = page.execute_script("return document.documentElement.scrollWidth")
            assert wide <= size[0], (name, size)
            if PICTURES is not None:
                picture(page, f"{name}-{size[0]}-{'dark' if dark else 'light'}")
    usual(page)
