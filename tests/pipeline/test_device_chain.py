"""The chain with the torch runtime: what runs where, and that it is the CPU's result."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sinet_video import Settings, convert, decode, matte, probe
from sinet_video.decoding.clip import Clip
from sinet_video.errors import OutOfMemoryError, SettingError
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.pixel_formats import PLANAR
from sinet_video.models.segmenter import Segmenter
from sinet_video.pipeline import device_chain
from sinet_video.pipeline.chain import Work, chained, links_of, seen
from sinet_video.pipeline.cutout import cutout
from sinet_video.pipeline.device_chain import torch_stages
from sinet_video.pipeline.output_kind import OutputKind
from sinet_video.pipeline.report import Meter
from sinet_video.pipeline.resuming.settings import Resume
from sinet_video.stages.backgrounds import BlurBackground, ColourBackground, ImageBackground
from sinet_video.stages.matte_settings import (
    EdgeShape,
    ExponentialAverage,
    MotionAdaptive,
    RegionFilter,
    WindowMean,
)
from sinet_video.stages.screen.settings import ChromaKey, Despill

GREEN = OutputKind("rgb", ColourBackground(0, 255, 0))
ALPHA, RGBA = OutputKind("alpha"), OutputKind("rgba")
TORCH = Settings(runtime="torch")

MOST, MEAN = 4 / 255, 0.5 / 255
"""How far alpha may be from that of the CPU's path, anywhere and on average."""

LEVELS, MEAN_LEVEL = 2, 0.2
"""The same of composites, in levels of 8 bits."""

REAL = (
    "carphone_qcif.mp4", "green_screen_hands.mp4", "phone_vfr_hevc_two_shots.mov",
    "portrait_turning.mp4", "presenter_portrait_hevc.mp4", "stage_cuts_start_offset.mp4",
    "webcam_1080p.mp4",
)  # fmt: skip


@pytest.fixture
def clip(make_clip: Callable[..., Path]) -> Clip:
    """Some frames."""
    return probe(make_clip("a.mp4", width=160, height=96, frames=6))


def brightness(image: Any) -> Any:
    """A segmenter: what is bright is the person."""
    return image.mean(2, dtype=np.float32) / 255


def made(
    frames: list[Frame], clip: Clip, settings: Settings, look: OutputKind, segmenter: Segmenter
) -> list[Matte]:
    """What the chain makes of frames, each of them new to it."""
    fresh = (frame.with_video(frame.video) for frame in frames)
    work = Work(settings, clip, look)
    return list(chained(seen(fresh, segmenter, settings), work, Meter()))


def assert_close(
    frames: list[Frame], clip: Clip, settings: Settings, look: OutputKind = GREEN
) -> None:
    """The chain in torch gives what it gives on the CPU, with that network of onnxruntime."""
    in_torch = dataclasses.replace(settings, runtime="torch")
    got = made(frames, clip, in_torch, look, in_torch.load())
    expected = made(frames, clip, settings, look, settings.load())
    assert len(got) == len(expected) == len(frames)
    for one, other in zip(got, expected, strict=True):
        assert one.time == other.time
        off = np.abs(one.alpha - other.alpha)
        assert off.max() <= MOST
        assert off.mean() <= MEAN
        shown = other.alpha > 0 if look.content == "rgba" else None
        assert_close_samples(one.frame, other.frame, shown)


def assert_close_samples(one: Frame, other: Frame, shown: np.ndarray | None) -> None:
    """Samples are close, where they are shown if that is given."""
    form = PLANAR[one.video.format.name]
    shared = (1, 1), (form.down, form.across), (form.down, form.across)
    for (down, across), a, b in zip(shared, one.planes, other.planes, strict=True):
        off = np.abs(a.astype(int) - b.astype(int)) / 2 ** (form.bits - 8)
        off = off if shown is None else off[shown[::down, ::across]]
        assert off.max(initial=0) <= LEVELS
        assert off.size == 0 or off.mean() <= MEAN_LEVEL


@pytest.mark.parametrize("name", REAL)
def test_real_frames_come_out_as_on_the_cpu(name: str, shared: Path) -> None:
    """Network, following, smoothing, refinement and composite, on clips from real cameras."""
    clip = probe(shared / "clips/real" / name)
    frames = list(islice(decode(clip), 2 if clip.width * clip.height > 10**6 else 6))
    assert_close(frames, clip, Settings(smoothing=WindowMean(1)))


@pytest.mark.parametrize("look", [ALPHA, RGBA, GREEN, OutputKind("rgb", BlurBackground())])
def test_each_output_of_a_real_clip(look: OutputKind, carphone: Path) -> None:
    """Alpha, the foreground, a colour and the blurred original behind."""
    clip = probe(carphone)
    settings = Settings(smoothing=WindowMean(2), following=None)
    assert_close(list(islice(decode(clip), 5)), clip, settings, look)


@pytest.mark.parametrize(
    "settings",
    [
        Settings(smoothing=MotionAdaptive(), following=None),
        Settings(smoothing=ExponentialAverage()),
        Settings(edge=EdgeShape(1.5, 2)),
        Settings(regions=RegionFilter(islands=0.1)),
        Settings(key=ChromaKey("green"), despill=Despill("green")),
        Settings(decontaminate=False, smoothing=None),
    ],
    ids=lambda settings: str(settings)[-40:],
)
def test_settings_of_a_real_clip(settings: Settings, carphone: Path) -> None:
    """Stages with a torch form, and without."""
    clip = probe(carphone)
    assert_close(list(islice(decode(clip), 4)), clip, settings)


@pytest.mark.parametrize(
    ("name", "width", "height"),
    [
        ("yuv420p", 161, 97),
        ("yuv420p10le", 160, 96),
        ("yuv422p", 162, 97),
        ("yuv444p", 161, 96),
        ("gbrp10le", 160, 97),
    ],
)
def test_formats_and_odd_sizes(
    name: str, width: int, height: int, make_clip: Callable[..., Path]
) -> None:
    """8 and 10 bits, all samplings, lossless."""
    path = make_clip("a.mkv", width=width, height=height, frames=3, codec="ffv1", pixel_format=name)
    clip = probe(path)
    assert clip.working_format == name
    assert_close(list(decode(clip)), clip, Settings())


@pytest.mark.parametrize("rotation", [90, 180, -90])
@pytest.mark.parametrize("following", [True, False])
def test_turned_clips(rotation: int, following: bool, carphone: Path) -> None:
    """The network sees them upright."""
    clip = probe(carphone)
    frames = [dataclasses.replace(f, rotation=rotation) for f in islice(decode(clip), 3)]
    settings = Settings() if following else Settings(following=None)
    assert_close(frames, clip, settings)


def test_a_cut(carphone: Path) -> None:
    """Nothing of the shot before is in the next."""
    clip = probe(carphone)
    frames = list(islice(decode(clip), 6))
    for frame in frames[3:]:
        for plane in frame.planes:
            plane[...] = 255 - plane[::-1]
    assert_close(frames, clip, Settings(following=None))


@pytest.mark.parametrize("size", [(1, 90), (64, 1), (1, 1)])
def test_frames_of_one_pixel_s_width(size: tuple[int, int]) -> None:
    """As far as they have edges at all."""
    rows = np.random.default_rng(0).integers(0, 255, (*size[::-1], 3), np.uint8)
    images = [rows, rows]
    settings = Settings(segmenter=brightness, smoothing=WindowMean(1))
    got, expected = (
        list(matte(images, rate=25, settings=dataclasses.replace(settings, runtime=runtime)))
        for runtime in ("torch", "auto")
    )
    for one, other in zip(got, expected, strict=True):
        assert np.abs(one.alpha - other.alpha).max() <= MOST


# What runs where.


@pytest.mark.parametrize(
    ("settings", "look", "there"),
    [
        (Settings(), ALPHA, []),
        (Settings(runtime="onnxruntime"), GREEN, []),
        (TORCH, ALPHA, ["smooth", "refine"]),
        (TORCH, GREEN, ["smooth", "refine", "composite"]),
        (TORCH, RGBA, ["smooth", "refine", "decontaminate", "foreground"]),
        (
            dataclasses.replace(TORCH, edge=EdgeShape(1)),
            GREEN,
            ["smooth", "refine", "edge", "composite"],
        ),
        # The CPU goes on from the first stage of whole frames that it does...
        (dataclasses.replace(TORCH, key=ChromaKey()), GREEN, ["smooth", "refine"]),
        (dataclasses.replace(TORCH, core="m.png"), GREEN, ["smooth", "refine"]),
        (
            dataclasses.replace(TORCH, despill=Despill()),
            GREEN,
            ["smooth", "refine", "decontaminate"],
        ),
        # ...but not from one on the coarse grid.
        (
            dataclasses.replace(TORCH, regions=RegionFilter(islands=0.1)),
            GREEN,
            ["smooth", "refine", "composite"],
        ),
    ],
)
def test_stages_in_torch(
    clip: Clip, settings: Settings, look: OutputKind, there: list[str]
) -> None:
    """As many as have a form, from the start of the chain."""
    work = Work(settings, clip, look)
    assert torch_stages(links_of(work), work) == there


def test_what_a_device_cannot_do_the_cpu_does(clip: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    """And everything after it."""
    from sinet_video.device import trial

    monkeypatch.setattr(trial, "working", lambda device: frozenset({"smooth", "composite"}))
    work = Work(TORCH, clip, GREEN)
    assert torch_stages(links_of(work), work) == ["smooth"]
    (got, *_) = chained(seen(decode(clip), TORCH.load(), TORCH), work, Meter())
    assert got.alpha.shape == (96, 160)


def test_a_report_says_what_ran_in_torch(clip: Clip, tmp_path: Path) -> None:
    """On which device, and how long each took; and nothing of it with onnxruntime."""
    report = convert(clip.path, tmp_path / "o.mp4", settings=Settings(runtime="torch"))
    assert (report.runtime, report.device) == ("torch", "cpu")
    assert report.torch_stages == ["segment", "smooth", "refine", "composite"]
    assert list(report.stages) == [
        "decode", "segment", "smooth", "refine", "composite", "download", "encode",
    ]  # fmt: skip
    plain = convert(clip.path, tmp_path / "plain.mp4", overwrite=True)
    assert plain.torch_stages == []
    assert "download" not in plain.stages


def test_a_segmenter_of_one_s_own_is_no_network(clip: Clip, tmp_path: Path) -> None:
    """The stages after it are in torch all the same."""
    settings = Settings(runtime="torch", segmenter=brightness)
    report = convert(clip.path, tmp_path / "o.mp4", settings=settings)
    assert report.torch_stages == ["smooth", "refine", "composite"]
    assert report.device == "cpu"


def test_a_job_that_can_be_resumed_smooths_on_the_cpu(clip: Clip, tmp_path: Path) -> None:
    """It keeps alpha from before, or from after; the rest is in torch, and the bytes are the same
    as of a job that is not interrupted.
    """
    settings = Settings(runtime="torch", segmenter=brightness)
    options: dict[str, Any] = {"settings": settings, "resume": Resume(0.1)}

    def stop(frames: int, _: object) -> None:
        if frames == 4:
            raise KeyboardInterrupt

    whole = convert(clip.path, tmp_path / "whole.mkv", **options)
    assert whole.torch_stages == ["refine", "composite"]
    with pytest.raises(KeyboardInterrupt):
        convert(clip.path, tmp_path / "o.mkv", progress=stop, **options)
    resumed = convert(clip.path, tmp_path / "o.mkv", **options)
    assert resumed.resumed > 0
    assert (tmp_path / "o.mkv").read_bytes() == (tmp_path / "whole.mkv").read_bytes()


def test_a_job_is_not_resumed_in_another_runtime(clip: Clip, tmp_path: Path) -> None:
    """Its bytes would be others."""

    def stop(frames: int, _: object) -> None:
        if frames == 4:
            raise KeyboardInterrupt

    settings = Settings(segmenter=brightness)
    options: dict[str, Any] = {"resume": Resume(0.1)}
    with pytest.raises(KeyboardInterrupt):
        convert(clip.path, tmp_path / "o.mkv", settings=settings, progress=stop, **options)
    other = dataclasses.replace(settings, runtime="torch")
    with pytest.raises(Exception, match="the device"):
        convert(clip.path, tmp_path / "o.mkv", settings=other, **options)


def test_other_ways_in_take_the_runtime(clip: Clip, make_clip: Callable[..., Path]) -> None:
    """`matte`, and `cutout` of one picture."""
    first, *rest = matte(clip, settings=Settings(runtime="torch", following=None))
    assert len(rest) == 5
    assert first.alpha.shape == (96, 160)
    picture = decode(clip).__next__().rgb
    both = [cutout(picture, settings=Settings(runtime=each)) for each in ("torch", "auto")]
    off = np.abs(both[0].astype(int) - both[1])
    assert off[..., 3].max() <= 4


def test_a_background_image(clip: Clip, tmp_path: Path) -> None:
    """It is moved once, and is behind every frame."""
    import av

    picture = np.zeros((96, 160, 3), np.uint8)
    picture[:, 80:] = 200
    path = tmp_path / "room.png"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "rgb24"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))
    look = OutputKind("rgb", ImageBackground(path))
    assert_close(list(decode(clip)), clip, Settings(), look)


# What fails.


def test_a_device_that_is_not_here(clip: Clip, tmp_path: Path) -> None:
    """With a network and without, before anything is written."""
    for segmenter in (None, brightness):
        settings = Settings(runtime="torch", device="cuda:77", segmenter=segmenter)
        with pytest.raises(SettingError, match=r"Device 'cuda:77' cannot be used here .*; use"):
            convert(clip.path, tmp_path / "o.mp4", settings=settings)
    assert not list(tmp_path.iterdir())


def test_a_device_without_memory_is_told_of(
    clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a sentence that says what to do."""

    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    monkeypatch.setattr(device_chain, "_forms", lambda: dict.fromkeys(device_chain.IN_TORCH, full))
    with pytest.raises(OutOfMemoryError, match=r"GPU has not enough memory for 160x96 .* 'cpu'"):
        convert(clip.path, tmp_path / "o.mp4", settings=Settings(runtime="torch"))
