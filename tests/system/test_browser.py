"""Our WebM as a browser shows it: over a page, which is seen where alpha is 0."""

from __future__ import annotations

import base64
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sinet_video import BilinearRefinement, Settings, convert

WIDTH, HEIGHT = 160, 96
PAGE = (0, 255, 0)
PERSON = (230, 30, 60)
ROOM = (20, 40, 200)
HTML = """<!doctype html>
<body style="margin:0;background:rgb{page}"><video muted src="{source}"></video></body>"""
SHOW = """
const [done] = [arguments[arguments.length - 1]];
const video = document.querySelector("video");
const seek = () => {
  video.addEventListener("seeked", () => requestAnimationFrame(() => requestAnimationFrame(
    () => done({width: video.videoWidth, height: video.videoHeight, length: video.duration}))));
  video.currentTime = 0.5;
};
video.addEventListener("error", () => done({error: video.error.message}));
video.readyState >= 2 ? seek() : video.addEventListener("loadeddata", seek);
"""


@pytest.fixture
def seen(browser, tmp_path) -> Callable[[Path], np.ndarray]:
    """What is on the screen when a page plays a file: (HEIGHT, WIDTH, 3), RGB."""

    def show(path: Path) -> np.ndarray:
        page = tmp_path / "page.html"
        page.write_text(HTML.format(page=PAGE, source=path.as_uri()))
        browser.get(page.as_uri())
        said = browser.execute_async_script(SHOW)
        assert "error" not in said, said
        assert (said["width"], said["height"]) == (WIDTH, HEIGHT)
        assert said["length"] == pytest.approx(1, abs=0.05)
        shot = Image.open(BytesIO(base64.b64decode(browser.get_screenshot_as_base64())))
        return np.asarray(shot.convert("RGB"))[:HEIGHT, :WIDTH].astype(int)

    return show


@pytest.fixture(scope="module")
def clip(tmp_path_factory, ffmpeg) -> Path:
    """A person who fills the left half of a room, with audio."""
    path = tmp_path_factory.mktemp("browser") / "clip.mp4"
    person, room = ("0x{:02x}{:02x}{:02x}".format(*colour) for colour in (PERSON, ROOM))
    half = f"drawbox=w={WIDTH // 2}:h={HEIGHT}:color={person}:t=fill"
    ffmpeg(
        "ffmpeg", "-f", "lavfi", "-i", f"color={room}:s={WIDTH}x{HEIGHT}:r=25:d=1,{half}",
        "-f", "lavfi", "-i", "sine=d=1", "-pix_fmt", "yuv420p", path,
    )  # fmt: skip
    return path


def left_half(_: np.ndarray) -> np.ndarray:
    """A segmenter that finds the person."""
    alpha = np.zeros((24, 40), np.float32)
    alpha[:, :20] = 1
    return alpha


FOUND = Settings(segmenter=left_half, refinement=BilinearRefinement(), smoothing=None)
LEFT, RIGHT = np.s_[8:-8, 8 : WIDTH // 2 - 16], np.s_[8:-8, WIDTH // 2 + 16 : -8]


def test_the_page_is_seen_through_our_webm(clip, seen, tmp_path):
    """The person where alpha is 1, the page where it is 0, and in between nothing of the room."""
    convert(clip, tmp_path / "o.webm", settings=FOUND)
    image = seen(tmp_path / "o.webm")
    assert np.abs(image[LEFT] - PERSON).max() < 16
    assert np.abs(image[RIGHT] - PAGE).max() < 3
    assert image[8:-8, :, 2].max() < 120  # the room is the only thing that is so blue


def test_an_opaque_webm_hides_the_page(clip, seen, tmp_path):
    """The failing twin."""
    convert(clip, tmp_path / "o.webm", background="#faf014", settings=FOUND)
    image = seen(tmp_path / "o.webm")
    assert np.abs(image[LEFT] - PERSON).max() < 16
    assert np.abs(image[RIGHT] - (250, 240, 20)).max() < 16
