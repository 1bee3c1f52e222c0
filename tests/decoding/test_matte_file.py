"""Mattes out of files of all kinds: gray or an alpha channel, in every depth and range."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from sinet_video import Encoding, InputError, Settings, convert
from sinet_video.decoding.matte_file import alpha_of, read_alpha, read_alphas, read_drawn
from sinet_video.training.evaluate.images import check_shape

HEIGHT, WIDTH, FRAMES = 48, 64, 5


def ramp(index: int = 0) -> np.ndarray:
    """Alpha from 0 to 1 across the frame, both ends included; another turn for each frame."""
    alpha = np.tile(np.linspace(0, 1, WIDTH, dtype=np.float32), (HEIGHT, 1))
    return alpha if index % 2 == 0 else np.ascontiguousarray(alpha[:, ::-1])


def plane_of(video: av.VideoFrame, plane: int, values: np.ndarray) -> None:
    """Write one plane of a frame, row by row."""
    target = np.frombuffer(video.planes[plane], values.dtype).reshape(len(values), -1)
    target[:, : values.shape[1]] = values


def written(path: Path, codec: str, pixel_format: str, plane: int, low: int, high: int) -> Path:
    """A video of which one plane is the ramp, from `low` to `high`, and the others are flat."""
    dtype = np.uint8 if high < 256 else np.uint16
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pixel_format
        if codec == "libvpx-vp9":
            stream.options = {"auto-alt-ref": "0", "crf": "5", "b": "0"}
        for index in range(FRAMES):
            video = av.VideoFrame(WIDTH, HEIGHT, pixel_format)
            for number, flat in enumerate(video.planes):
                plane_of(video, number, np.full((flat.height, flat.width), high // 2, dtype))
            values = np.rint(low + ramp(index) * np.float32(high - low)).astype(dtype)
            plane_of(video, plane, values)
            video.pts = index
            container.mux(stream.encode(video))
        container.mux(stream.encode(None))
    return path


KINDS = {
    "gray": ("a.mkv", "ffv1", "gray", 0, 0, 255),
    "gray of ten bits": ("a.mkv", "ffv1", "gray10le", 0, 0, 1023),
    "gray of sixteen": ("a.mkv", "ffv1", "gray16le", 0, 0, 65535),
    "limited": ("a.mkv", "ffv1", "yuv420p", 0, 16, 235),
    "limited, ten bits": ("a.mkv", "ffv1", "yuv422p10le", 0, 64, 940),
    "alpha": ("a.mkv", "ffv1", "yuva420p", 3, 0, 255),
    "alpha of ten bits": ("a.mkv", "ffv1", "yuva444p10le", 3, 0, 1023),
    "prores": ("a.mov", "prores_ks", "yuva444p10le", 3, 0, 1023),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_video_s_matte(kind: str, tmp_path: Path) -> None:
    """From 0 to 1 whatever the file's numbers, to half a step; all frames, in order."""
    name, codec, pixel_format, plane, low, high = KINDS[kind]
    path = written(tmp_path / name, codec, pixel_format, plane, low, high)
    found = list(read_alphas(path))
    assert len(found) == FRAMES
    for index, alpha in enumerate(found):
        assert alpha.dtype == np.float32
        assert (alpha.min(), alpha.max()) == (0, 1)
        assert np.abs(alpha - ramp(index)).max() <= 0.51 / (high - low)


def test_webm_with_alpha(tmp_path: Path) -> None:
    """Its alpha is beside its frames, where only libvpx looks; its gray is not taken for it."""
    path = written(tmp_path / "a.webm", "libvpx-vp9", "yuva420p", 3, 0, 255)
    found = list(read_alphas(path))
    assert len(found) == FRAMES
    assert max(np.abs(alpha - ramp(i)).mean() for i, alpha in enumerate(found)) < 0.02


def test_webm_without_alpha_is_gray(tmp_path: Path) -> None:
    """The failing twin: the same codec, read by its brightness."""
    path = written(tmp_path / "a.webm", "libvpx-vp9", "yuv420p", 0, 16, 235)
    assert max(np.abs(a - ramp(i)).mean() for i, a in enumerate(read_alphas(path))) < 0.02


@pytest.mark.parametrize("name", ["stacked.mp4", "stacked.mkv"])
def test_stacked_alpha_is_the_matte(name: str, make_clip, tmp_path: Path) -> None:
    """Which is below the colours, in half the file's height; also where it is drawn."""
    across = np.tile(np.linspace(0, 1, 32, dtype=np.float32), (16, 1))
    settings = Settings(segmenter=lambda _: across, smoothing=None, unsure="keep")
    stacked = Encoding(alpha_mode="stacked", crf=1)
    convert(make_clip("clip.mp4", frames=3), tmp_path / name, settings=settings, encoding=stacked,
            matte=tmp_path / "alone.mkv")  # fmt: skip
    for read in (read_alphas, lambda path: (alpha for _, alpha in read_drawn(path))):
        found, alone = (list(read(tmp_path / each)) for each in (name, "alone.mkv"))
        assert len(found) == len(alone) == 3
        assert found[0].shape == alone[0].shape
        assert max(np.abs(one - two).mean() for one, two in zip(found, alone, strict=True)) < 0.02


def test_damage_is_named(tmp_path: Path) -> None:
    """A file that is none, that is empty, and one that is not there."""
    (tmp_path / "words.mkv").write_text("words " * 100)
    for name, reason in (("words.mkv", "cannot be opened"), ("none.mkv", "no file")):
        with pytest.raises(InputError, match=reason):
            list(read_alphas(tmp_path / name))


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "I;16", "1", "P", "RGB"])
def test_a_frame_s_matte(mode: str, tmp_path: Path) -> None:
    """An alpha channel where there is one, else brightness; of a mask of one bit as well."""
    gray = np.rint(ramp() * 255).astype(np.uint8)
    expected, allowed = ramp(), 0.51 / 255
    if mode in ("LA", "RGBA"):
        image = Image.new(mode, (WIDTH, HEIGHT), 77 if mode == "LA" else (9, 99, 200))
        image.putalpha(Image.fromarray(gray))
    elif mode == "I;16":
        image = Image.fromarray(np.rint(ramp() * 65535).astype(np.uint16))
    else:
        image = Image.fromarray(gray).convert(mode)
        allowed = 1.5 / 255
    if mode == "1":
        expected = np.asarray(image).astype(np.float32)
    image.save(tmp_path / "a.png")
    alpha = read_alpha(tmp_path / "a.png")
    assert alpha.shape == (HEIGHT, WIDTH)
    assert np.abs(alpha - expected).max() <= allowed


@pytest.mark.parametrize("pixel_format", ["nv12", "gbrap", "ya8", "rgba64le", "gray16be"])
def test_unusual_formats(pixel_format: str) -> None:
    """Whatever a decoder may give becomes a matte of the frame's size in [0, 1]."""
    video = av.VideoFrame.from_ndarray(np.full((HEIGHT, WIDTH, 3), 255, np.uint8), "rgb24")
    alpha = alpha_of(video.reformat(format=pixel_format))
    assert alpha.shape == (HEIGHT, WIDTH)
    assert alpha.min() > 0.99  # white, and where there is an alpha channel, opaque


@pytest.mark.parametrize(
    "pixel_format", ["grayf16le", "gbrapf16le", "yaf16le", "grayf32le", "gbrapf32le"]
)
def test_floats(pixel_format: str) -> None:
    """As EXR has them: numbers from 0 to 1, of full range, halves not being whole ones."""
    video = av.VideoFrame(WIDTH, HEIGHT, pixel_format)
    for plane in video.planes:
        across = 2 if pixel_format == "yaf16le" else 1
        kind = "<f2" if "16" in pixel_format else "<f4"
        samples = np.frombuffer(plane, kind).reshape(HEIGHT, -1)
        samples[:, : WIDTH * across] = np.repeat(ramp(), across, axis=1)
    assert np.abs(alpha_of(video) - ramp()).max() < 1e-3
    if len(video.planes) > 1 or pixel_format.startswith("gray"):
        samples[0, :2] = np.nan, np.inf
        assert list(alpha_of(video)[0, :2]) == [0, 1]


def test_shapes_are_checked() -> None:
    """What fits passes; what does not is said in width x height."""
    alpha = np.zeros((2, 3), np.float32)
    assert check_shape(Path("a.png"), alpha, (2, 3)) is alpha
    with pytest.raises(InputError, match=r"a\.png is 3x2 and the truth 2x3"):
        check_shape(Path("a.png"), alpha, (3, 2))
