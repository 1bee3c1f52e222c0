"""How soon the page of `serve` shows a matte: python benchmarks/page.py CLIP, in Chromium.

Measured in the browser: from the drop of the clip to its first matte, and to that at full quality;
then, for each slider and choice, from its move to the frame that shows it.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from browsing import drop, opened, playable, shown, slide, wait
from selenium import webdriver

SLIDERS = {
    "choke": (1.5, 3, -2), "feather": (2, 5, 9), "black_point": (0.1, 0.2, 0.3),
    "white_point": (0.9, 0.8, 0.7), "islands": (0.05, 0.1, 0.2), "holes": (0.05, 0.1, 0.2),
}  # fmt: skip
CHOICES = {
    "smooth": ("off", "window:8", "window"), "refine": ("bilinear", "guided"),
    "key": ("green", "auto", ""), "despill": ("green", "off", "auto"),
}  # fmt: skip

SINCE = """const last = (name) => performance.getEntriesByName(name).at(-1)?.startTime;
return [last(arguments[0]), last(arguments[1])]"""


def since(page: Any, begin: str, end: str) -> float:
    """Return the seconds from one mark to the other, which follows it."""

    def found() -> float | None:
        first, last = page.execute_script(SINCE, begin, end)
        return last - first if first is not None and last is not None and last > first else None

    return wait(found) / 1000


def choose(page: Any, name: str, value: str) -> None:
    """Choose from a list."""
    script = """const list = document.getElementById(arguments[0]); list.value = arguments[1];
    list.dispatchEvent(new Event("change"))"""
    page.execute_script(script, name, value)


def measure(page: Any, clip: Path, *, rounds: int) -> None:
    """Print all times."""
    first, whole = [], []
    for _ in range(rounds):
        drop(page, clip)
        first.append(since(page, "dropped", "first-frame"))
        whole.append(since(page, "dropped", "frame"))
        shown(page)
    print(f"drop to first matte       {_spread(first)}")
    print(f"drop to full quality      {_spread(whole)}", flush=True)
    playable(page)
    shown(page)
    for name, values in (*SLIDERS.items(), *CHOICES.items()):
        times = []
        for value in values:
            move = slide if name in SLIDERS else choose
            move(page, name, value)
            times.append(since(page, "moved", "frame"))
            shown(page)
        print(f"{name:<25} {_spread(times)}", flush=True)


def _spread(times: list[float]) -> str:
    return f"median {statistics.median(times):.2f} s, longest {max(times):.2f} s"


def main() -> None:
    """Start a server and a browser, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    command = [sys.executable, "-m", "sinet_video", "serve"]
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for option in ("--headless", "--no-sandbox", "--disable-gpu"):
        options.add_argument(option)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None  # a pipe was asked for
        page = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
        try:
            opened(page, server.stdout.readline().strip())
            measure(page, given.clip.resolve(), rounds=given.rounds)
        finally:
            page.quit()
            server.terminate()


if __name__ == "__main__":
    main()
