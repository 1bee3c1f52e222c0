"""The page of docs/alpha.md that plays stacked alpha, as a browser shows it."""

from __future__ import annotations

import base64
import re
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from sinet_video import BilinearRefinement, Encoding, Settings, convert

PAGE = (Path(__file__).parents[2] / "docs" / "alpha.md").read_text("utf-8")
SHOWN = """
const done = arguments[arguments.length - 1];
const canvas = document.getElementById("person");
const video = document.getElementById("stacked");
video.addEventListener("error", () => done(video.error.message));
const wait = () => canvas.height === 96
  ? requestAnimationFrame(() => requestAnimationFrame(() => done("shown"))) : setTimeout(wait, 50);
wait();
"""


def left(image: np.ndarray) -> np.ndarray:
    """A segmenter to whom the left half is the person."""
    alpha = np.zeros(image.shape[:2], np.float32)
    alpha[:, : image.shape[1] // 2] = 1
    return alpha


def test_the_page_shows_the_person_over_the_page(browser, tmp_path: Path, ffmpeg) -> None:
    """The clip's colours where alpha is 1, and the page where it is 0."""
    ffmpeg("ffmpeg", "-f", "lavfi", "-i", "color=0xe61e3c:s=160x96:r=25:d=2", "-pix_fmt", "yuv420p",
           tmp_path / "clip.mp4")  # fmt: skip
    settings = Settings(
        segmenter=left, smoothing=None, following=None, refinement=BilinearRefinement()
    )
    convert(
        tmp_path / "clip.mp4",
        tmp_path / "stacked.mp4",
        settings=settings,
        encoding=Encoding(alpha_mode="stacked"),
    )
    (html,) = re.findall(r"```html\n(.*?)```", PAGE, re.DOTALL)
    page = tmp_path / "page.html"
    page.write_text(f'<!doctype html><body style="margin:0;background:#00ff00">{html}')
    browser.get(page.as_uri())
    assert browser.execute_async_script(SHOWN) == "shown"
    shot = Image.open(BytesIO(base64.b64decode(browser.get_screenshot_as_base64())))
    seen = np.asarray(shot.convert("RGB"))[:96, :160].astype(int)
    assert np.abs(seen[10:86, 10:60] - (230, 30, 60)).max() < 12
    assert np.abs(seen[10:86, 100:150] - (0, 255, 0)).max() < 6
