"""What is read besides files gives the same mattes as the file."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image, ImageSequence
from plain_mattes import EVERYTHING

import sinet_video
from sinet_video import InputError, SettingError, TimeRange


class Once:
    """A file that can be read and no more, as a socket's."""

    def __init__(self, path: Path) -> None:
        self._file = io.BytesIO(path.read_bytes())

    def read(self, size: int = -1) -> bytes:
        """Read the next bytes."""
        return self._file.read(size)


WAYS: dict[str, Callable[[Path], Any]] = {
    "text": str,
    "bytes": Path.read_bytes,
    "bytearray": lambda path: bytearray(path.read_bytes()),
    "BytesIO": lambda path: io.BytesIO(path.read_bytes()),
    "once": Once,
}


@pytest.fixture
def clip(make_clip) -> Path:
    """A clip of Matroska, which a pipe may have, at a variable rate."""
    return make_clip("a.mkv", times=[0, 40, 90, 100, 200], time_base=Fraction(1, 1000))


def looked(source: Any, **more: Any) -> list[tuple[Fraction, bytes]]:
    mattes = sinet_video.matte(source, settings=EVERYTHING, **more)
    return [(each.time, each.frame.rgb.tobytes()) for each in mattes]


@pytest.mark.parametrize("way", WAYS)
def test_every_way_is_the_file(clip: Path, way: str) -> None:
    """The same frames at the same times."""
    assert looked(WAYS[way](clip)) == looked(clip)


def test_an_open_file_and_container(clip: Path) -> None:
    """Both stay the caller's to close."""
    with clip.open("rb") as file:
        assert looked(file) == looked(file) == looked(clip)
        assert not file.closed
    with av.open(clip) as container:
        assert looked(container) == looked(clip)
        assert container.format.name.startswith("matroska")


@pytest.mark.parametrize("way", ["bytes", "BytesIO"])
def test_audio_comes_along(tmp_path: Path, make_clip, way: str) -> None:
    """It is read beside the frames, from the same object, and the span is sought."""
    clip = make_clip("talk.mp4", audio=True, frames=40)
    span = TimeRange(start=Fraction(1, 2))
    for name, source in (("a.mp4", clip), ("b.mp4", WAYS[way](clip))):
        report = sinet_video.convert(source, tmp_path / name, settings=EVERYTHING, span=span)
        assert report.audio == "copied"
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_arrays_have_a_rate_or_times(clip: Path) -> None:
    """Exactly those, also from a generator, and the samples of the arrays."""
    arrays = [frame.rgb for frame in sinet_video.decode(clip)]
    found = looked(arrays, rate=29.97)
    assert [time for time, _ in found] == [Fraction(1001 * k, 30000) for k in range(5)]
    assert [pixels for _, pixels in found] == [array.tobytes() for array in arrays]
    times = [0, 0.04, Fraction(9, 100), 0.1, 0.5]
    found = looked(iter(arrays), times=times)
    assert [round(float(time), 6) for time, _ in found] == [0, 0.04, 0.09, 0.1, 0.5]


def test_torch_tensors_are_arrays() -> None:
    """On the CPU they share memory with one."""
    torch = pytest.importorskip("torch")
    tensor = torch.full((16, 24, 3), 77, dtype=torch.uint8)
    (found,) = looked([tensor], rate=25)
    assert found[1] == tensor.numpy().tobytes()


def test_alpha_of_arrays_counts() -> None:
    """A fourth channel is the source's alpha."""
    array = np.full((16, 24, 4), 90, np.uint8)
    array[:, 12:, 3] = 0
    (made,) = sinet_video.matte([array], rate=1, settings=EVERYTHING)
    assert made.alpha[:, 12:].max() == 0
    assert made.alpha[0, 0] == pytest.approx(90 / 255)


def test_a_frame_of_an_array() -> None:
    """Its samples are the array's, at its time."""
    array = np.random.default_rng(0).integers(0, 255, (10, 12, 3)).astype(np.uint8)
    frame = sinet_video.Frame.from_rgb(array, pts=3, time_base=Fraction(1, 30))
    np.testing.assert_array_equal(frame.rgb, array)
    assert frame.time == Fraction(1, 10)
    with pytest.raises(SettingError, match=r"\(H, W, 3\) uint8"):
        sinet_video.Frame.from_rgb(array / 255)


BAD = {
    "arrays without times": ([np.zeros((4, 4, 3), np.uint8)], {}, "give their rate"),
    "floats": ([np.zeros((4, 4, 3))], {"rate": 5}, "uint8"),
    "gray": ([np.zeros((4, 4), np.uint8)], {"rate": 5}, r"\(H, W, 3\)"),
    "too few times": (
        [np.zeros((4, 4, 3), np.uint8)] * 2,
        {"times": [0]},
        "more arrays than times",
    ),
    "no arrays": ([], {"rate": 5}, "no arrays"),
    "text file": (io.StringIO("x"), {}, "binary mode"),
    "bytes of nothing": (b"nothing", {}, "cannot be opened as a video"),
    "a number": (42, {}, "give a path or a URL"),
    "a rate of nothing": ([np.zeros((4, 4, 3), np.uint8)], {"rate": 0}, "above 0"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_cannot_be_read_is_told(kind: str) -> None:
    """In a sentence, before anything is done."""
    given, more, said = BAD[kind]
    with pytest.raises((SettingError, InputError), match=said):
        looked(given, **more)


def test_what_is_read_once_is_read_once(clip: Path) -> None:
    """The second time says so; so does resuming."""
    source = sinet_video.Source.of(Once(clip))
    probed = sinet_video.probe(source)
    assert len(list(sinet_video.decode(probed))) == 5
    with pytest.raises(InputError, match="read already"):
        list(sinet_video.decode(probed))
    with pytest.raises(SettingError, match="cannot be resumed"):
        sinet_video.convert(clip.read_bytes(), "a.mp4", resume=sinet_video.Resume())


def test_an_animated_webp_is_refused_and_its_frames_can_be_handed_over(tmp_path: Path) -> None:
    """By Pillow, with their alpha and their own times."""
    path, lasts = tmp_path / "moving.webp", [40, 250, 90]
    made = [Image.new("RGBA", (32, 16), (80 * number, 40, 20, 128)) for number in range(3)]
    made[0].save(path, save_all=True, append_images=made[1:], duration=lasts, lossless=True)
    with pytest.raises(InputError, match=r"animated WebP.*as docs/tasks/images\.md shows"):
        sinet_video.probe(path)
    images, times, time = [], [], 0.0
    for image in ImageSequence.Iterator(Image.open(path)):
        images.append(np.asarray(image.convert("RGBA")))
        times.append(time)
        time += image.info["duration"] / 1000
    mattes = list(sinet_video.matte(images, times=times, settings=EVERYTHING))
    assert [float(each.time) for each in mattes] == [0.0, 0.04, 0.29]
    assert [each.frame.rgb[0, 0, 0] for each in mattes] == [0, 80, 160]
    assert all(abs(each.alpha - 128 / 255).max() < 0.01 for each in mattes)


@pytest.mark.parametrize("name", ["a.gif", "a.apng"])
def test_images_that_move_keep_their_alpha(clip: Path, tmp_path: Path, name: str) -> None:
    """And their times, as inputs."""

    def half(image: np.ndarray) -> np.ndarray:
        return np.broadcast_to(np.arange(8) < 4, (4, 8)).astype(np.float32)

    settings = replace(EVERYTHING, segmenter=half)
    sinet_video.convert(clip, tmp_path / name, settings=settings)
    found = sinet_video.probe(tmp_path / name)
    assert found.alpha == "straight"
    frames = list(sinet_video.decode(found))
    # Of frames that last less than 0.02 s, a GIF drops those after the first.
    times = [0.0, 0.04, 0.09, 0.2] if name == "a.gif" else [0.0, 0.04, 0.09, 0.1, 0.2]
    assert [round(float(frame.time), 4) for frame in frames] == times
    for frame in frames:
        assert frame.source_alpha is not None
        alpha = frame.source_alpha.dense()
        assert alpha[:, :60].min() == 1
        assert alpha[:, 100:].max() == 0


@pytest.mark.parametrize("time", [float("nan"), "soon", None, [0]])
def test_a_time_is_a_number(time):
    """In a sentence that is ours."""
    with pytest.raises(SettingError, match=r"^The time"):
        sinet_video.matte([np.zeros((16, 16, 3), np.uint8)], times=[time])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"settings": {"quality": "high"}}, "Settings is of the type dict; it must be Settings"),
        ({"encoding": None}, "Encoding is of the type NoneType; it must be Encoding"),
        ({"span": (0, 1)}, "Span is of the type tuple; it must be TimeRange"),
        ({"resume": True}, "Resume is of the type bool; it must be Resume"),
    ],
)
def test_settings_are_of_their_classes(given, words, clip, tmp_path):
    """What is none is named, with what it must be, by whatever takes it."""
    with pytest.raises(SettingError, match=words):
        sinet_video.convert(clip, tmp_path / "o.mp4", **given)
    others = {
        "settings": (sinet_video.matte, sinet_video.cutout, previewed),
        "span": (sinet_video.matte, previewed),
        "encoding": (live_to_nowhere,),
    }
    for call in others.get(next(iter(given)), ()):
        with pytest.raises(SettingError, match=words):
            call(clip, **given)


def test_what_is_no_segmenter_and_no_background(clip):
    """Words in their place are told from files and names."""
    with pytest.raises(SettingError, match="Segmenter is 'default'; it must be a function"):
        sinet_video.Settings(segmenter="default")
    with pytest.raises(SettingError, match="Background is of the type str; it must be a Backgr"):
        next(sinet_video.composite(sinet_video.matte(clip), "green"))


def previewed(clip: Path, **given) -> None:
    sinet_video.preview(clip, clip.with_name("p.png"), **given)


def live_to_nowhere(clip: Path, **given) -> None:
    sinet_video.live(clip, clip.with_name("l.mp4"), **given)


class Failing:
    """A file whose `read` fails the n-th time; by `seekable`, as a disk's or as a socket's."""

    def __init__(self, path: Path, error: BaseException, after: int, *, seekable: bool) -> None:
        self._file, self._error, self._left = io.BytesIO(path.read_bytes()), error, after
        if seekable:
            self.seek, self.tell = self._file.seek, self._file.tell

    def read(self, size: int = -1) -> bytes:
        """Read the next bytes, if it is not time to fail."""
        self._left -= 1
        if self._left < 0:
            raise self._error
        return self._file.read(size)


@pytest.mark.parametrize("seekable", [True, False])
@pytest.mark.parametrize("after", [0, 1, 2, 4])
@pytest.mark.parametrize(
    "error",
    [OSError("mine"), ValueError("mine"), KeyError("mine"), KeyboardInterrupt(), SystemExit(3)],
    ids=lambda error: type(error).__name__,
)
def test_what_a_file_object_raises_comes_out(made, tmp_path, capfd, error, after, seekable) -> None:
    """As it is, wherever libav is in the file; PyAV says nothing, and does not go on for ever."""
    noise = "nullsrc=s=320x240:r=25:d=0.5,geq=random(1)*255:128:128"
    path = made("noise.mkv", "-f", "lavfi", "-i", noise, "-c:v", "ffv1")
    file = Failing(path, error, after, seekable=seekable)
    with pytest.raises(type(error)) as raised:
        sinet_video.convert(file, tmp_path / "out.mp4", settings=EVERYTHING)
    assert raised.value is error
    assert capfd.readouterr().err == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (lambda data, size: data, r"read\(\d+\) returned \d+ bytes; it must return \d+ at most"),
        (lambda data, size: None, r"read\(\) returned NoneType; it must return bytes"),
        (lambda data, size: "text", r"read\(\) returned str; it must return bytes"),
    ],
)
def test_what_a_file_object_must_not_return_is_refused(clip, found, said) -> None:
    """PyAV would write past the end of its own memory."""

    class Odd:
        def read(self, size: int) -> Any:
            return found(clip.read_bytes() * 100, size)

    with pytest.raises(SettingError, match=said):
        sinet_video.probe(Odd())


def test_a_file_object_may_return_any_bytes(clip) -> None:
    """A bytearray, as some clients of HTTP do."""

    class Arrays(Once):
        def read(self, size: int = -1) -> Any:
            return bytearray(super().read(size))

    assert looked(Arrays(clip)) == looked(clip)
