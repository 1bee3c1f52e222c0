"""Alpha that the source has itself, and alpha premultiplied: in, out, and told."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from sinet_video import (
    Encoding,
    Matte,
    SettingError,
    Settings,
    TimeRange,
    composite,
    convert,
    decode,
    probe,
    verify,
)
from sinet_video import matte as matted
from sinet_video.media.blend import black, blended
from sinet_video.media.convert import planes_of
from sinet_video.media.tiled_alpha import TiledAlpha
from sinet_video.stages.backgrounds import ColourBackground
from sinet_video.stages.source_alpha import apply_source_alpha

WIDTH, HEIGHT, FRAMES = 96, 64, 3

SOURCES = {
    "a.webm": ("libvpx-vp9", "yuva420p"),
    "vp8.webm": ("libvpx", "yuva420p"),
    "a.mov": ("prores_ks", "yuva444p10le"),
    "q.mov": ("qtrle", "argb"),
    "p.mov": ("png", "rgba"),
    "deep.mov": ("png", "rgba64be"),
    "a.mkv": ("ffv1", "yuva420p"),
    "deep.mkv": ("ffv1", "yuva422p10le"),
    "rgb.mkv": ("ffv1", "gbrap12le"),
    "a.nut": ("rawvideo", "rgba"),
    "gray.mkv": ("ffv1", "ya8"),
}


def ramp() -> np.ndarray:
    """Alpha that is 0 at the left, 1 at the right, and rises between."""
    across = np.clip((np.arange(WIDTH) - WIDTH / 4) / (WIDTH / 2), 0, 1)
    return np.tile(across, (HEIGHT, 1)).astype(np.float32)


def half(image: np.ndarray) -> np.ndarray:
    """A segmenter to whom the upper half is the person."""
    alpha = np.zeros(image.shape[:2], np.float32)
    alpha[: len(alpha) // 2] = 1
    return alpha


def made(path: Path, codec: str, pixel_format: str, **tags: str) -> Path:
    """A clip of one colour, whose alpha is the ramp."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pixel_format
        stream.metadata.update(tags)
        if codec.startswith("libvpx"):
            stream.options = {"auto-alt-ref": "0", "crf": "4", "b": "1M"}
            stream.metadata["alpha_mode"] = "1"
        packed = np.zeros((HEIGHT, WIDTH, 4), np.uint16)
        packed[...] = 51400, 25700, 12850, 0
        packed[..., 3] = np.rint(ramp() * 65535)
        for index in range(FRAMES):
            video = av.VideoFrame.from_ndarray(packed, "rgba64le").reformat(format=pixel_format)
            video.pts = index
            container.mux(stream.encode(video))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("name", SOURCES)
def test_alpha_is_seen_in_every_kind_of_file(name, tmp_path):
    """All frames have it, at the frame's size, as it was written."""
    clip = probe(made(tmp_path / name, *SOURCES[name]))
    assert clip.alpha == "straight"
    frames = list(decode(clip))
    assert len(frames) == FRAMES
    for frame in frames:
        own = frame.source_alpha.dense()
        assert own.shape == (HEIGHT, WIDTH)
        assert np.abs(own - ramp()).max() <= (0.03 if "webm" in name else 2 / 255)
        colour = (124, 124, 124) if name == "gray.mkv" else (200, 100, 50)
        assert np.abs(frame.rgb[:, -8:].astype(int) - colour).max() <= 8


def test_a_clip_without_alpha_has_none(make_clip):
    """The failing twin; and nothing is there to be kept."""
    source = make_clip(frames=2)
    assert probe(source).alpha is None
    assert next(decode(source)).source_alpha is None
    with pytest.raises(SettingError, match="no alpha to keep"):
        next(matted(source, settings=Settings(segmenter=half, source_alpha="keep")))
    with pytest.raises(SettingError, match="multiply, keep, ignore"):
        Settings(source_alpha="add")  # type: ignore[arg-type]


def test_a_seek_finds_alpha_too(tmp_path):
    """From the middle of a WebM on."""
    clip = probe(made(tmp_path / "a.webm", *SOURCES["a.webm"]))
    frames = list(decode(clip, TimeRange(Fraction(1, 25))))
    assert len(frames) == FRAMES - 1
    assert all(np.abs(f.source_alpha.dense() - ramp()).max() < 0.03 for f in frames)


@pytest.mark.parametrize("how", ["multiply", "keep", "ignore"])
def test_what_becomes_of_it(how, tmp_path):
    """The product with the network's, the source's alone, or the network's alone."""
    source = made(tmp_path / "a.mkv", "ffv1", "gbrap12le")
    settings = Settings(segmenter=half, source_alpha=how)
    network = next(matted(source, settings=Settings(segmenter=half, source_alpha="ignore"))).alpha
    assert {0, 1} <= set(np.unique(network))
    own = next(decode(source)).source_alpha.dense()
    expected = {"multiply": network * own, "keep": own, "ignore": network}[how]
    mattes = list(matted(source, settings=settings))
    assert len(mattes) == FRAMES
    assert all(np.array_equal(each.alpha, expected) for each in mattes)


def test_the_background_shows_through(tmp_path):
    """Compositing uses the product, and the report says so."""
    source = made(tmp_path / "a.mkv", "ffv1", "gbrap12le")
    report = convert(
        source,
        tmp_path / "out.mkv",
        background="#0000ff",
        settings=Settings(segmenter=lambda p: np.ones(p.shape[:2], np.float32)),
        encoding=Encoding("ffv1"),
    )
    assert any("matte is multiplied" in warning for warning in report.warnings)
    rgb = next(decode(tmp_path / "out.mkv")).rgb.astype(int)
    share = ramp()[..., None]
    assert np.abs(rgb - (share * (200, 100, 50) + (1 - share) * (0, 0, 255))).max() <= 2


def test_frames_without_alpha_pass(make_clip):
    """The stage leaves alone what has none."""
    frame = next(decode(make_clip(frames=1)))
    one = Matte(frame, np.ones((frame.height, frame.width), np.float32))
    for how in ("multiply", "keep"):
        assert next(apply_source_alpha([one], how)) is one


# Premultiplied

OUTPUTS = {
    "out.webm": None, "out.mov": None, "q.mov": "qtrle", "out.mkv": "ffv1", "%05d.tif": None,
}  # fmt: skip


def soft(image: np.ndarray) -> np.ndarray:
    """A segmenter with a wide soft edge."""
    return np.tile(np.linspace(0, 1, image.shape[1], dtype=np.float32), (len(image), 1))


def job(source: Path, output: Path, alpha: str | None, codec: str | None = None, form=None):
    """Convert with alpha."""
    return convert(
        source,
        output,
        background="transparent",
        settings=Settings(segmenter=soft, decontaminate=False),
        encoding=Encoding(codec, format=form, alpha_mode=alpha),
    )


@pytest.mark.parametrize("name", OUTPUTS)
@pytest.mark.parametrize("kind", ["straight", "premultiplied"])
def test_alpha_is_as_asked_and_told(name, kind, make_clip, tmp_path):
    """In the frames, in the report and in the file; and what it is not fails."""
    folder = tmp_path / "out"
    folder.mkdir()
    report = job(make_clip(frames=3), folder / name, kind, OUTPUTS[name])
    assert report.alpha == kind
    found = verify(folder / name, alpha_mode=kind)
    assert found.holds, found.failures
    assert found.properties.alpha_said == kind
    assert found.alpha.kind == kind
    other = "straight" if kind == "premultiplied" else "premultiplied"
    assert not verify(folder / name, alpha_mode=other).holds


@pytest.mark.parametrize("name", ["out.webm", "out.mkv", "out.mov", "q.mov"])
def test_our_premultiplied_files_are_made_straight_when_read(name, make_clip, tmp_path):
    """As a source they are what they were before, where alpha is not small."""
    source = make_clip(frames=2)
    job(source, tmp_path / name, "premultiplied", OUTPUTS[name])
    assert probe(tmp_path / name).alpha == "premultiplied"
    for frame, known in zip(decode(tmp_path / name), decode(source), strict=True):
        firm = frame.source_alpha.dense() > 0.5
        assert firm.any()
        gap = np.abs(frame.rgb.astype(int) - known.rgb)[firm]
        assert gap.mean() < 4


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p10le", "yuv444p", "gbrp10le"])
def test_planes_are_multiplied_exactly(pixel_format, make_clip, tmp_path):
    """By alpha as it is stored, from black on, at the plane's depth; chroma by its mean alpha."""
    source = make_clip("a.mkv", codec="ffv1", pixel_format=pixel_format, frames=1)
    job(source, tmp_path / "out.mkv", "premultiplied", "ffv1")
    with av.open(str(tmp_path / "out.mkv")) as container:
        video = next(container.decode(video=0))
    *planes, alpha = planes_of(video)
    frame = next(decode(source))
    most = 2 ** video.format.components[-1].bits - 1
    shares = TiledAlpha.of(alpha.astype(np.float32) / np.float32(most))
    expected = planes_of(blended(frame, shares, black(frame)))
    for one, other in zip(planes, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    zero = 0 if pixel_format.startswith("gbr") else 16 << (frame.format.bits - 8)
    luma = zero + (frame.luma.astype(float) - zero) * alpha / most
    assert np.abs(planes[0] - luma).max() <= 0.51


@pytest.mark.parametrize(("name", "codec"), [("frames", None), ("out.mov", "png")])
def test_png_is_straight(name, codec, make_clip, tmp_path):
    """By its specification: premultiplied is refused, and says what can be."""
    with pytest.raises(SettingError, match=r"PNG is straight.*\.tif"):
        job(make_clip(frames=1), tmp_path / name, "premultiplied", codec)
    assert not (tmp_path / name).exists()


def test_premultiplied_needs_alpha(make_clip, tmp_path):
    """Over a background there is none to multiply by."""
    with pytest.raises(SettingError, match="Nothing is to have an alpha channel"):
        convert(
            make_clip(frames=1),
            tmp_path / "out.mp4",
            settings=Settings(segmenter=soft, decontaminate=False),
            encoding=Encoding(alpha_mode="premultiplied"),
        )
    with pytest.raises(SettingError, match="straight, premultiplied"):
        Encoding(alpha_mode="both")  # type: ignore[arg-type]


def test_a_false_tag_is_found(make_clip, tmp_path):
    """Straight colours in a file that says premultiplied."""
    job(make_clip(frames=2), tmp_path / "out.mkv", "straight", "ffv1")
    with av.open(str(tmp_path / "out.mkv")) as source, av.open(str(tmp_path / "b.mkv"), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        stream.metadata["alpha"] = "premultiplied"
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    failures = verify(tmp_path / "b.mkv").failures
    assert [check.name for check in failures] == ["alpha"]
    assert "above their alpha" in failures[0].detail


def test_over_a_background_premultiplied_adds_up(make_clip, tmp_path):
    """Colour plus background times what is left is what compositing gives."""
    source = make_clip("a.mkv", codec="ffv1", pixel_format="bgr0", frames=1)
    job(source, tmp_path / "out.mkv", "premultiplied", "ffv1")
    with av.open(str(tmp_path / "out.mkv")) as container:
        rgba = next(container.decode(video=0)).to_ndarray(format="rgba").astype(float)
    one = next(matted(source, settings=Settings(segmenter=soft, decontaminate=False)))
    (over,) = composite([one], ColourBackground(255, 255, 255))
    assert np.abs(rgba[..., :3] + 255 - rgba[..., 3:] - over.frame.rgb).max() <= 2
