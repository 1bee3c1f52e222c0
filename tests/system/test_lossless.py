"""Through a lossless codec, a clip comes out as it went in: every sample, in every pixel format."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.format import names
from hypothesis import given, settings
from hypothesis import strategies as st

from sinet_video import Encoding, InputError, Matte, Settings, composite, convert
from sinet_video.decoding.conform import conform
from sinet_video.encoding.encoder_input import rendered_frame
from sinet_video.encoding.plan import plan
from sinet_video.media.convert import planes_of
from sinet_video.media.frame import Frame
from sinet_video.media.pixel_formats import NOT_HELD, PLANAR, ROUNDED, working_format
from sinet_video.stages.backgrounds import ColourBackground

WIDTH, HEIGHT, FRAMES = 52, 36, 2

YUV = [
    *(f"yuv{name}p" for name in (410, 411, 420, 422, 440, 444)),
    *(f"yuv{name}p{bits}le" for name in (420, 422, 444) for bits in (9, 10, 12, 14, 16)),
    *("yuv420p10be", "yuv444p16be", "nv12", "nv21", "yuyv422", "uyvy422", "yvyu422"),
]
RGB = [
    *("rgb24", "bgr24", "rgb48le", "rgb48be", "bgr48le"),
    *("gbrp", "gbrp9le", "gbrp10le", "gbrp12le", "gbrp14le", "gbrp16le"),
]
GRAY = ["gray", "gray9le", "gray10le", "gray12le", "gray14le", "gray16le", "gray16be"]
FEW_BITS = ["monob", "monow", "rgb8", "bgr4_byte", "rgb565le", "rgb555le", "bgr444le"]
ALPHA = {
    "yuva420p": "yuv420p", "yuva422p10le": "yuv422p10le", "yuva444p16le": "yuv444p16le",
    "rgba": "rgb24", "bgra": "rgb24", "argb": "rgb24", "rgba64le": "rgb48le",
    "rgba64be": "rgb48le", "gbrap": "gbrp", "gbrap10le": "gbrp", "gbrap12le": "gbrp",
    "gbrap16le": "gbrp", "ya8": "gray", "rgb0": "rgb24", "0bgr": "rgb24",
}  # fmt: skip
"""Formats with alpha, or room for it, and in which to compare their colours."""

GROUPS: dict[str, dict[str, str]] = {
    "yuv": {name: name for name in YUV},
    "rgb": {name: name for name in RGB},
    "gray": {name: name for name in GRAY},
    "few bits": {name: "gray" if name.startswith("mono") else "rgb24" for name in FEW_BITS},
    "alpha": ALPHA,
}
"""Pixel formats, and the one in which each is compared."""


def ones(image: np.ndarray) -> np.ndarray:
    """A segmenter to whom all is the person."""
    return np.ones(image.shape[:2], np.float32)


@pytest.fixture(scope="session")
def noise(tmp_path_factory: pytest.TempPathFactory, ffmpeg: Callable[..., str]) -> Path:
    """A folder of clips NAME.nut, one for each format, that ffmpeg made of noise of 16 bits."""
    folder = tmp_path_factory.mktemp("noise")
    rng = np.random.default_rng(5)
    raw = folder / "noise.rgba64le"
    raw.write_bytes(rng.integers(0, 65536, FRAMES * WIDTH * HEIGHT * 4, np.uint16).tobytes())
    outputs = [
        word
        for group in GROUPS.values()
        for name in group
        for word in ("-c:v", "rawvideo", "-pix_fmt", name, folder / f"{name}.nut")
    ]
    size = f"{WIDTH}x{HEIGHT}"
    ffmpeg("ffmpeg", "-f", "rawvideo", "-pix_fmt", "rgba64le", "-s", size, "-i", raw, *outputs)
    return folder


def apart(number: int, compared: str) -> tuple[str, list[str]]:
    """A filter graph of an input's frames in a pixel format, and what comes out of it.

    Planar RGB is taken apart: ffmpeg does not drop its alpha exactly.
    """
    if not compared.startswith("gbr"):
        return f"[{number}:v]format={compared}[o{number}]", [f"[o{number}]"]
    outs = [f"[{plane}{number}]" for plane in "gbr"]
    return f"[{number}:v]extractplanes=g+b+r{''.join(outs)}", outs


def hashes(run: Callable[..., str], files: list[tuple[Path, str]]) -> list[tuple[str, ...]]:
    """For each file and pixel format the MD5s of its frames, as the program ffmpeg has them."""
    graphs = [apart(number, compared) for number, (_, compared) in enumerate(files)]
    inputs = [word for path, _ in files for word in ("-i", path)]
    maps = [word for _, outs in graphs for out in outs for word in ("-map", out)]
    graph = ";".join(graph for graph, _ in graphs)
    said = run("ffmpeg", *inputs, "-filter_complex", graph, *maps, "-f", "framemd5", "-")
    lines = [line.split(",") for line in said.splitlines() if not line.startswith("#")]
    streams = iter(range(len(lines)))
    found = []
    for _, outs in graphs:
        mine = [next(streams) for _ in outs]
        found.append(tuple(line[-1] for line in lines if int(line[0]) in mine))
    return found


def kept(source: Path, output: Path, codec: str | None = None) -> str:
    """Convert with all as the person; the format that was encoded."""
    whole = Settings(segmenter=ones, source_alpha="ignore")
    return convert(source, output, settings=whole, encoding=Encoding(codec)).pixel_format


@pytest.mark.parametrize("group", GROUPS)
def test_ffv1_keeps_every_sample(group, noise, ffmpeg, tmp_path):
    """As ffmpeg decodes both, in the source's own format or for few bits in one that holds it."""
    files = []
    for name, compared in GROUPS[group].items():
        source, output = noise / f"{name}.nut", tmp_path / f"{name}.mkv"
        kept(source, output, "ffv1")
        files += [(source, compared), (output, compared)]
    found = hashes(ffmpeg, files)
    assert all(len(each) in (FRAMES, 3 * FRAMES) for each in found)
    pairs = zip(GROUPS[group], found[::2], found[1::2], strict=True)
    assert [name for name, before, after in pairs if before != after] == []


@pytest.mark.parametrize("name", ["rgb24", "bgra", "gbrp10le", "gbrp16le", "gray", "gray16le"])
def test_pngs_keep_every_sample(name, noise, tmp_path):
    """RGB and gray never become YUV on their way into PNGs; more than 8 bits stand in 16."""
    kept(noise / f"{name}.nut", tmp_path / "%05d.png")
    for index, video in enumerate(decoded(noise / f"{name}.nut")):
        found = cv2.imread(str(tmp_path / f"{index + 1:05d}.png"), cv2.IMREAD_UNCHANGED)
        assert (found[..., 3] == np.iinfo(found.dtype).max).all()
        np.testing.assert_array_equal(found[..., 2::-1] >> (6 if "10" in name else 0), rgb(video))


def decoded(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def rgb(video: av.VideoFrame) -> np.ndarray:
    """The samples of a frame as they are, (H, W, 3)."""
    if video.format.name.startswith("gray"):
        return np.dstack([video.to_ndarray()] * 3)
    if not video.format.name.startswith("gbrp"):
        order = [2, 1, 0] if video.format.name == "bgra" else [0, 1, 2]
        return video.to_ndarray()[..., order]
    green, blue, red = planes_of(video)
    return np.dstack([red, green, blue])


def test_qtrle_and_png_in_mov_keep_rgb(noise, ffmpeg, tmp_path):
    """And the lossy ones turn it into the YUV that players show."""
    source, files = noise / "rgb24.nut", [tmp_path / f"{name}.mov" for name in ("png", "qtrle")]
    for file in files:
        kept(source, file, file.stem)
    found = hashes(ffmpeg, [(file, "rgb24") for file in (source, *files)])
    assert found[0] == found[1] == found[2]
    assert kept(source, tmp_path / "lossy.mp4") == "yuv420p"


def shuffled(name: str, seed: int = 0) -> av.VideoFrame:
    """A frame of random bytes."""
    video = av.VideoFrame(WIDTH, HEIGHT, name)
    for plane in video.planes:
        raw = np.frombuffer(plane, np.uint8)
        raw[...] = np.random.default_rng(seed).integers(0, 256, raw.size)
    return video


HARDWARE = {
    "amf", "cuda", "d3d11", "d3d11va_vld", "d3d12", "drm_prime", "dxva2_vld", "mediacodec", "mmal",
    "ohcodec", "opencl", "qsv", "vaapi", "vdpau", "videotoolbox_vld", "vulkan", "xvmc",
}  # fmt: skip
READ = sorted(name for name in set(names) - HARDWARE if not NOT_HELD.match(name))


def test_every_format_of_libav_is_read_or_refused():
    """What is read becomes planar with no fewer bits; what is refused says what to do."""
    for name in READ:
        working = working_format(name)
        assert conform(shuffled(name), WIDTH, HEIGHT, working).format.name == working
        bits = max(component.bits for component in av.VideoFormat(name).components)
        assert PLANAR[working].bits >= bits or ROUNDED.match(name)
    refused = set(names) - HARDWARE - set(READ)
    assert {"bayer_rggb8", "yaf32le", "gray32le", "rgbf32le"} <= refused
    for name in refused:
        with pytest.raises(InputError, match=f"{name}.*-pix_fmt"):
            working_format(name)


CONVERT_ALL = """
import sys, av
from sinet_video.errors import InputError
from sinet_video.media.convert import reformat
for name in sys.argv[1:]:
    video = av.VideoFrame(16, 16, name)
    for plane in video.planes:
        plane.update(bytes(plane.buffer_size))
    try:
        for wanted in ("rgb24", "rgba64le", "gray16le", "yuv420p"):
            reformat(video, width=12, pixel_format=wanted)
    except InputError as error:
        assert f"format {name} are not read" in str(error)
        print(name)
"""


def test_no_format_ends_the_process():
    """What libswscale cannot read, or dies of, is refused wherever frames are converted."""
    every = sorted(set(names) - HARDWARE)
    command = [sys.executable, "-c", CONVERT_ALL, *every]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    refused = set(done.stdout.split())
    assert {"yaf32le", "yaf32be", "gray32le"} <= refused
    assert all(NOT_HELD.match(name) for name in refused)


@pytest.mark.parametrize(
    "name", [name for name in READ if name[:-2] + "le" in READ and "be" in name]
)
def test_the_order_of_bytes_does_not_matter(name):
    """The same samples, their bytes the other way round, give the same frame."""
    big, little = shuffled(name), shuffled(name[:-2] + "le")
    bits = 16 if little.format.is_rgb else little.format.components[0].bits
    for plane, other in zip(big.planes, little.planes, strict=True):
        values = np.frombuffer(other, "u4" if "f32" in name else "u2")
        if values.itemsize == 2 and "msb" not in name:
            values &= 2**bits - 1
        np.frombuffer(plane, values.dtype)[...] = values.byteswap()
    working = working_format(name)
    one, two = (conform(video, WIDTH, HEIGHT, working) for video in (big, little))
    for plane, other in zip(planes_of(one), planes_of(two), strict=True):
        np.testing.assert_array_equal(plane, other)


@pytest.mark.parametrize(("name", "shift"), [("nv12", 0), ("p010le", 6), ("p016le", 0)])
def test_what_hardware_decodes_to(name, shift):
    """Luma, then both kinds of chroma side by side, in the upper bits."""
    video = shuffled(name)
    luma, chroma = (
        np.frombuffer(plane, "u1" if name == "nv12" else "u2") for plane in video.planes
    )
    luma, chroma = luma.reshape(HEIGHT, -1)[:, :WIDTH], chroma.reshape(HEIGHT // 2, -1)[:, :WIDTH]
    expected = luma >> shift, chroma[:, ::2] >> shift, chroma[:, 1::2] >> shift
    found = planes_of(conform(video, WIDTH, HEIGHT, working_format(name)))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@given(
    st.sampled_from([name for name in PLANAR if not name.startswith("yuvj")]),
    st.integers(1, 70),
    st.integers(1, 70),
    st.integers(0, 999),
)
@settings(deadline=None, max_examples=100)
def test_the_encoder_gets_the_source_s_bytes_where_alpha_is_1(name, height, width, seed):
    """Over random planes, whatever stands behind, in the format that FFV1 is given."""
    rng = np.random.default_rng(seed)
    video = av.VideoFrame(width, height, name)
    for plane in planes_of(video):
        plane[...] = rng.integers(0, 2 ** PLANAR[name].bits, plane.shape)
    frame = Frame(video, 0, Fraction(1, 25))
    alpha = np.clip(rng.random((1, width)) * 3 - 1, 0, 1).astype(np.float32).repeat(height, 0)
    chosen = plan(Path("a.mkv"), "rgb", name, Encoding("ffv1"))
    (over,) = composite([Matte(frame, alpha)], ColourBackground(1, 200, 90))
    found, source = (rendered_frame(each, "rgb", chosen) for each in (over, Matte(frame, alpha)))
    for index, (got, own) in enumerate(zip(bytes_of(found), bytes_of(source), strict=True)):
        across = PLANAR[name].across if index else 1
        solid = np.pad(alpha, ((0, 0), (0, -width % across)), mode="edge")[0].reshape(-1, across)
        firm = (solid == 1).all(1)
        np.testing.assert_array_equal(got[:, firm], own[:, firm])


def bytes_of(video: av.VideoFrame) -> tuple[np.ndarray, ...]:
    """A frame's planes, those of packed RGB as one."""
    if video.format.name != "bgr0":
        return planes_of(video)
    packed = np.frombuffer(video.planes[0], np.uint8).reshape(video.height, -1, 4)
    return (packed[:, : video.width, :3],)
