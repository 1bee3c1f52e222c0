"""Every public function that takes a file's name, given names that are none of a good file.

Whatever the system says of them, the error is one of this library's, in a sentence.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sinet_video as sv
from sinet_video import BilinearRefinement, Settings, SinetVideoError

ALL = Settings(
    segmenter=lambda _: np.ones((3, 4), np.float32),
    refinement=BilinearRefinement(),
    smoothing=None,
)


class NoCluster(sv.RayEngine):
    """An engine that is not started: names are looked at before."""

    def cluster(self) -> Any:
        """Say so."""
        raise sv.SettingError("This cluster is not there.")


READS: dict[str, Callable[[Any, Path, Path], object]] = {
    "probe": lambda name, _, out: sv.probe(name),
    "decode": lambda name, _, out: list(sv.decode(name)),
    "matte": lambda name, _, out: list(sv.matte(name, settings=ALL)),
    "convert": lambda name, _, out: sv.convert(name, out, settings=ALL),
    "convert, background": lambda name, clip, out: sv.convert(
        clip, out, background=name, settings=ALL
    ),
    "convert, weights": lambda name, clip, out: sv.convert(
        clip, out, settings=Settings(weights=name)
    ),
    "convert, garbage": lambda name, clip, out: sv.convert(
        clip, out, settings=Settings(segmenter=ALL.segmenter, garbage=name)
    ),
    "cutout": lambda name, _, out: sv.cutout(name, settings=ALL),
    "plan": lambda name, _, out: sv.plan(name, 2, settings=ALL),
    "join": lambda name, _, out: sv.join(name, out, sv.Conversion(settings=ALL)),
    "verify": lambda name, _, out: sv.verify(name),
    "verify, against": lambda name, clip, out: sv.verify(clip, name),
    "preview": lambda name, _, out: sv.preview(name, out.with_suffix(".png"), settings=ALL),
    "load_segmenter": lambda name, _, out: sv.load_segmenter(name),
    "export_onnx": lambda name, _, out: sv.export_onnx(out.with_suffix(".onnx"), weights=name),
    "ImageBackground": lambda name, clip, out: behind(sv.ImageBackground(name), clip),
    "VideoBackground": lambda name, clip, out: behind(sv.VideoBackground(name), clip),
    "batch": lambda name, _, out: all_done(sv.batch([name], out)),
    "watch_batch": lambda name, _, out: list(sv.watch_batch([name], out, stop=lambda: True)),
    "convert_in_shares": lambda name, _, out: sv.convert_in_shares(
        name, out, sv.Conversion(settings=ALL), engine=NoCluster()
    ),
    "live": lambda name, _, out: sv.live(name, out, settings=ALL),
    "train": lambda name, _, out: sv.train(name, out.with_suffix("")),
    "train, recipe": lambda name, clip, out: sv.train(
        clip.parent, out.with_suffix(""), recipe=name
    ),
    "evaluate": lambda name, _, out: sv.evaluate(name, settings=ALL),
    "evaluate, predictions": lambda name, clip, _: sv.evaluate(clip.parent, predictions=name),
    "evaluate, matte": lambda name, clip, _: sv.evaluate(matte=name, truth=clip),
    "evaluate, recipe": lambda name, clip, _: sv.evaluate(clip.parent, recipe=name),
    "apply_drawn_mattes": lambda name, clip, _: list(
        sv.apply_drawn_mattes(sv.matte(clip, settings=ALL), garbage=name)
    ),
}

WRITES: dict[str, Callable[[Any, Path], object]] = {
    "convert": lambda name, clip: sv.convert(clip, name, settings=ALL),
    "convert, matte": lambda name, clip: sv.convert(
        clip, clip.parent / "o.mp4", matte=name, settings=ALL
    ),
    "convert, report": lambda name, clip: sv.convert(
        clip, clip.parent / "o.mp4", report=name, settings=ALL
    ),
    "convert, resume": lambda name, clip: sv.convert(clip, name, resume=sv.Resume(1), settings=ALL),
    "convert, plate": lambda name, clip: sv.convert(
        clip, clip.parent / "o.mov", plate=name, settings=ALL
    ),
    "watch_batch": lambda name, clip: list(sv.watch_batch([clip], name, stop=lambda: True)),
    "convert_in_shares": lambda name, clip: sv.convert_in_shares(
        clip, name, sv.Conversion(settings=ALL), engine=NoCluster()
    ),
    "batch, manifest": lambda name, clip: list(
        sv.batch([clip], clip.parent / "out", sv.Conversion(settings=ALL), manifest=name)
    ),
    "live": lambda name, clip: sv.live(clip, name, settings=ALL),
    "join": lambda name, clip: sv.join(clip, name, sv.Conversion(settings=ALL)),
    "preview": lambda name, clip: sv.preview(clip, name, settings=ALL),
    "export_onnx": lambda name, clip: sv.export_onnx(name),
    "open_sink": lambda name, clip: sv.open_sink(name, sv.probe(clip)),
    "batch": lambda name, clip: list(sv.batch([clip], name, sv.Conversion(settings=ALL))),
    "train": lambda name, clip: sv.train(clip.parent, name),
    "Manifest": lambda name, clip: sv.Manifest(name).entries(),
}
"""What may also end well, where a name can be written to."""


def all_done(outcomes: Iterable[sv.Outcome]) -> None:
    """Raise what the first clip failed of."""
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error


def behind(background: sv.Background, clip: Path) -> None:
    """Use a background for a frame."""
    for matte in islice(sv.matte(clip, settings=ALL), 1):
        background.planes(matte)


def names(folder: Path) -> dict[str, Any]:
    """Names that no good file has."""
    (folder / "file").write_bytes(b"x")
    (folder / "loop").symlink_to("loop")
    (folder / "folder").mkdir()
    return {
        "missing": folder / "missing" / "a.mp4",
        "too long": folder / ("x" * 300 + ".mp4"),
        "too deep": "/".join(["x" * 200] * 30) + "/a.mp4",
        "with NUL": "a\0b.mp4",
        "empty": "",
        "below a file": folder / "file" / "a.mp4",
        "a loop": folder / "loop",
        "below a loop": folder / "loop" / "a.mp4",
        "no UTF-8": folder / "none" / os.fsdecode(b"\xff.mp4"),
        "a device": "/dev/full",
    }


KINDS = (
    "missing", "too long", "too deep", "with NUL", "empty", "below a file", "a loop",
    "below a loop", "no UTF-8", "a device",
)  # fmt: skip


@pytest.fixture(scope="module")
def clip(make_clip) -> Path:
    """A few frames."""
    return make_clip("few.mp4", width=64, height=48, frames=3)


def one_sentence(error: BaseException) -> None:
    """See that an error is ours."""
    assert isinstance(error, SinetVideoError), repr(error)
    assert str(error).endswith(".")
    assert "\n" not in str(error)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", READS)
def test_names_that_are_read(name, kind, clip, tmp_path, monkeypatch):
    """None of them is a video, a picture or weights."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Exception) as caught:  # noqa: PT011  the test is which it is
        READS[name](names(tmp_path)[kind], clip, tmp_path / "out.mp4")
    one_sentence(caught.value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", WRITES)
def test_names_that_are_written(name, kind, clip, tmp_path, monkeypatch):
    """An error of ours, or a result where there may be one."""
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "own" / "clip.mp4"
    own.parent.mkdir()
    own.write_bytes(clip.read_bytes())
    try:
        WRITES[name](names(tmp_path)[kind], own)
    except Exception as error:
        one_sentence(error)


@pytest.mark.parametrize("name", ["probe", "decode", "matte", "convert", "verify", "preview"])
@pytest.mark.parametrize("given", [None, 7, b"a.mp4"], ids=str)
def test_what_is_no_name(name, given, clip, tmp_path):
    """A mistake in a program, told as one of values."""
    with pytest.raises(Exception) as caught:  # noqa: PT011  the test is which it is
        READS[name](given, clip, tmp_path / "out.mp4")
    one_sentence(caught.value)


def test_every_public_function_of_names_is_here():
    """Those whose signature has a path, but for values that only keep one."""
    tried = {each.partition(",")[0] for each in (*READS, *WRITES)}
    kept = {
        "Source", "NetworkSettings", "Settings", "Conversion", "Outcome", "Entry", "Clip", "Report",
        "Naming", "parse_background", "from_ffmpeg", "to_ffmpeg", "Verification", "Preview",
        "ExportReport", "Resume", "StageSettings", "TimeRange",
    }  # fmt: skip
    for name in set(sv.__all__) - tried - kept - {"__version__"}:
        value = getattr(sv, name)
        try:
            told = str(inspect.signature(value))
        except (TypeError, ValueError):
            continue
        assert "Path" not in told, name
