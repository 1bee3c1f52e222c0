"""The types of an installed package, as a type checker shows them to a program that uses it."""

from __future__ import annotations

import re
import shutil
import site
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PROGRAM = """
import asyncio
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import sinet_video
from sinet_video import Matte, aio, errors, extras


def bright(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    return (image[..., 1] > 100).astype(np.float32)


def said(image: NDArray[np.uint8]) -> str:
    return "bright"


def fade_in(mattes: Iterable[Matte], seconds: float) -> Iterator[Matte]:
    for matte in mattes:
        yield matte.with_alpha(matte.alpha * min(1.0, float(matte.time) / seconds))


def progress(frames: int, clip: sinet_video.Clip) -> None:
    print(frames, clip.duration)


settings = sinet_video.Settings(edge=sinet_video.EdgeShape(choke=0.5), segmenter=bright)
sinet_video.Settings(segmenter=said)  # type: ignore[arg-type]
sinet_video.Settings(quality="best")  # type: ignore[arg-type]
sinet_video.Settings(nothing=1)  # type: ignore[call-arg]

report = sinet_video.convert("a.mp4", Path("b.webm"), settings=settings, progress=progress)
rate: float = report.frames_per_second
frames: str = report.frames  # type: ignore[assignment]
sinet_video.convert("a.mp4", "b.mp4", settings="high")  # type: ignore[arg-type]
sinet_video.convert("a.mp4", "b.mp4", span=sinet_video.TimeRange("1:23.5", Fraction(90)))
with open("a.mp4", "rb") as file:
    sinet_video.convert(file, "b.mp4", rate="24000/1001")

clip = sinet_video.probe("a.mp4")
coarse = sinet_video.segment(sinet_video.decode(clip), bright)
mattes = fade_in(sinet_video.refine(sinet_video.smooth(coarse)), 1)
with sinet_video.open_sink("b.mp4", clip, companions=True) as sink:
    for matte in sinet_video.composite(mattes, sinet_video.ColourBackground.parse("blue")):
        sink.write(matte)
        sink.write(matte.frame)  # type: ignore[arg-type]

given = sinet_video.matte("a.mp4")
first = next(given)
given.close()
alpha: NDArray[np.float32] = first.alpha
rgb: NDArray[np.uint8] = first.frame.rgb
time: Fraction = first.time
tall: str = first.frame.height  # type: ignore[assignment]
cut: NDArray[np.uint8] = sinet_video.cutout(rgb)

for outcome in sinet_video.batch([Path("a.mp4"), "b.mp4"], "out", jobs=2):
    lost: str = outcome.report.lost  # type: ignore[assignment, union-attr]


async def later() -> None:
    async for matte in aio.matte("a.mp4"):
        wrong: str = matte.time  # type: ignore[assignment]
    job = asyncio.create_task(aio.convert("a.mp4", "b.mp4"))
    job.cancel()
    (await aio.cutout("a.jpg")).nothing  # type: ignore[attr-defined]


try:
    asyncio.run(later())
except (errors.OutOfMemoryError, extras.MissingPackageError, sinet_video.SinetVideoError) as error:
    print(error)
"""
"""A program in strict types; what is wrong in it is marked, and a mark without an error is one."""

SETTINGS = """
[mypy]
strict = true
[mypy-ffmpeg.*]
ignore_missing_imports = true
[mypy-pages.*]
disallow_untyped_calls = false
disallow_untyped_defs = false
warn_return_any = false
disable_error_code = union-attr
"""
"""Pages have no annotations in their programs, as they are read."""


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """The Python of an environment that has what a wheel has."""
    venv.create(tmp_path / "bare", symlinks=True)
    (packages,) = (tmp_path / "bare").glob("lib/python*/site-packages")
    (packages / "others.pth").write_text("\n".join(site.getsitepackages()))
    # From a copy, as a folder that was built in may hold other files.
    source = tmp_path / "source"
    for name in ("sinet_video", "cli"):
        shutil.copytree(ROOT / name, source / name)
    for name in (
        "setup.py",
        "pyproject.toml",
        "sinet_video_command.py",
        "README.md",
        "LICENSE",
        "NOTICE",
    ):
        shutil.copy(ROOT / name, source / name)
    build = [sys.executable, "setup.py", "-q", "build_py", "--build-lib", packages]
    subprocess.run(build, cwd=source, check=True)
    return tmp_path / "bare" / "bin" / "python"


def test_programs_are_checked_by_the_types_of_an_installed_package(
    bare: Path, tmp_path: Path
) -> None:
    """Ours, the examples and those of the documentation, in one run."""
    (tmp_path / "settings.ini").write_text(SETTINGS)
    programs = [tmp_path / "program.py", *sorted((ROOT / "examples").glob("*.py"))]
    programs[0].write_text(PROGRAM)
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "__init__.py").touch()
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        blocks = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
        for index, block in enumerate(blocks):
            programs.append(pages / f"{page.stem.replace('-', '_')}_{index}.py")
            programs[-1].write_text(block)
    command = [sys.executable, "-m", "mypy", "--python-executable", bare, *programs]
    options = ["--config-file", "settings.ini", "--cache-dir", "cache", "--no-error-summary"]
    run = [*command, *options]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("", "")
