"""The available encoders, the formats they take and their options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from sinet_video.media.pixel_formats import PLANAR, SUFFIXES
from sinet_video.media.tiled_alpha import AlphaKind

Content = Literal["rgb", "rgba", "alpha"]
"""What is written of a matte: colour without alpha, colour with alpha, or alpha alone as gray.

The names describe the frames; in most files "rgb" and "rgba" are encoded as YUV.
"""

X26_PRESETS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
)  # fmt: skip


@dataclass(frozen=True)
class Codec:
    """An encoder of libav, and what it accepts.

    `rgb` and `rgba` map the clip's working pixel format to the encoded one, without and with an
    alpha channel; `alpha` is the format for alpha alone, as gray. None means unsupported.
    `full_range`: whether it can signal that luma spans all values. `even`: whether sides must be
    multiples of the chroma subsampling. `delivery`: whether it is for players, most of which show
    4:2:0 alone, so that RGB becomes that. `least`: the shortest side that it accepts.
    """

    encoder: str
    rgb: Callable[[str], str]
    rgba: Callable[[str], str] | None = None
    alpha: str = "yuv420p"
    options: Mapping[str, str] = field(default_factory=dict)
    rgba_options: Mapping[str, str] = field(default_factory=dict)
    kinds: tuple[AlphaKind, ...] = ("straight", "premultiplied")
    """Supported relations of colour to alpha, the default first."""
    deep_options: Mapping[str, str] = field(default_factory=dict)
    """Options for more than 10 bits."""
    full_range: bool = True
    even: bool = False
    delivery: bool = False
    least: int = 1
    fastest: int | None = None
    """The highest rate, in frames a second, that the encoder can be told; None for any."""
    crf: float | None = None
    most_crf: float = 0
    presets: tuple[str, ...] = ()
    preset: str = ""
    preset_option: str = "preset"


def _plain(working: str) -> str:
    """Signal full range by a tag, and not by a pixel format of its own."""
    return working.replace("yuvj", "yuv")


def yuv_like(working: str, *depths: int, alpha: str = "") -> str:
    """Return the nearest of 4:2:0, 4:2:2 and 4:4:4, at the depth that holds the format's own."""
    form = PLANAR[working]
    bits = next((depth for depth in depths if depth >= form.bits), depths[-1])
    sampling = "444" if form.across == 1 else "422" if form.down == 1 else "420"
    if (sampling, bits, alpha) == ("420", 12, "a"):
        sampling = "422"  # libav has no such format
    return f"yuv{alpha}{sampling}p{SUFFIXES[bits]}"


def _h264(working: str) -> str:
    return working if working.startswith("yuvj") else yuv_like(working, 8, 10)


def _lossless(working: str) -> str:
    return "bgr0" if working == "gbrp" else _plain(working)  # ffv1 supports this one


def _with_alpha(working: str) -> str:
    if not PLANAR[working].is_rgb:
        return yuv_like(working, 8, 9, 10, 12, 16, alpha="a")
    depth = working.removeprefix("gbrp").replace("9le", "10le")
    return f"gbrap{depth}" if depth else "bgra"


def _is_deep(working: str) -> bool:
    return PLANAR[working].bits > 8


def _at_420(working: str) -> str:
    return "yuv420p10le" if _is_deep(working) else "yuv420p"


CODECS: dict[str, Codec] = {
    "h264": Codec(
        "libx264",
        _h264,
        # Its fast code for macroblock trees does not give the same twice, nor on other processors.
        options={"x264-params": "cpu-independent=1"},
        even=True,
        delivery=True,
        crf=18,
        most_crf=51,
        presets=X26_PRESETS,
        preset="veryfast",
    ),
    "hevc": Codec(
        "libx265",
        lambda working: yuv_like(working, 8, 10, 12),
        even=True,
        delivery=True,
        least=16,
        options={"x265-params": "log-level=error"},
        crf=20,
        most_crf=51,
        presets=X26_PRESETS,
        preset="veryfast",
    ),
    "av1": Codec(
        "libsvtav1",
        _at_420,
        least=4,
        fastest=240,
        crf=28,
        most_crf=63,
        presets=tuple(map(str, range(14))),
        preset="10",
    ),
    "vp9": Codec(
        "libvpx-vp9",
        # PyAV's build supports 8 bits only; alternate reference frames would lose the alpha.
        lambda working: yuv_like(working, 8),
        rgba=lambda _: "yuva420p",
        # "good" took 2.5 times as long for files a quarter smaller, and looked the same.
        options={"b": "0", "deadline": "realtime", "row-mt": "1", "lag-in-frames": "0"},
        rgba_options={"auto-alt-ref": "0"},
        delivery=True,
        crf=24,
        most_crf=63,
        presets=tuple(map(str, range(9))),
        preset="6",
        preset_option="cpu-used",
    ),
    "prores": Codec(
        "prores_ks",
        lambda _: "yuv422p10le",
        rgba=lambda _: "yuva444p10le",
        alpha="yuv422p10le",
        full_range=False,
        options={"profile": "hq", "vendor": "apl0"},
        rgba_options={"profile": "4444", "alpha_bits": "16"},
    ),
    "ffv1": Codec(
        "ffv1", _lossless, rgba=_with_alpha, alpha="gray", options={"level": "3", "slicecrc": "1"}
    ),
    "png": Codec(
        "png",
        lambda working: "rgb48be" if _is_deep(working) else "rgb24",
        rgba=lambda working: "rgba64be" if _is_deep(working) else "rgba",
        alpha="gray",
        kinds=("straight",),
    ),
    "tiff": Codec(
        "tiff",
        lambda working: "rgb48le" if _is_deep(working) else "rgb24",
        rgba=lambda working: "rgba64le" if _is_deep(working) else "rgba",
        alpha="gray",
        options={"compression_algo": "deflate"},
    ),
    "exr": Codec(
        "exr",
        lambda _: "gbrpf32le",
        rgba=lambda _: "gbrapf32le",
        alpha="grayf32le",
        kinds=("premultiplied", "straight"),
        options={"compression": "zip16", "format": "half"},
        deep_options={"format": "float"},
    ),
    "mjpeg": Codec(
        "mjpeg",
        lambda working: f"yuvj{yuv_like(working, 8).removeprefix('yuv')}",
        alpha="yuvj420p",
        options={"qmin": "2", "qmax": "2", "huffman": "optimal"},
    ),
    "gif": Codec("gif", lambda _: "pal8", rgba=lambda _: "pal8", alpha="pal8", kinds=("straight",)),
    "apng": Codec(
        "apng",
        lambda working: "rgb48be" if _is_deep(working) else "rgb24",
        rgba=lambda working: "rgba64be" if _is_deep(working) else "rgba",
        alpha="gray",
        kinds=("straight",),
    ),
    "webp": Codec(
        "libwebp_anim",
        lambda _: "bgra",
        rgba=lambda _: "bgra",
        alpha="bgra",
        kinds=("straight",),
        options={"quality": "90"},
    ),
    "rawvideo": Codec("rawvideo", _plain, rgba=_with_alpha, alpha="gray"),
    "qtrle": Codec("qtrle", lambda _: "rgb24", rgba=lambda _: "argb", alpha="gray"),
}

OTHER_NAMES = {codec.encoder: name for name, codec in CODECS.items()} | {
    "avc": "h264",
    "h265": "hevc",
    "x264": "h264",
    "x265": "hevc",
}
"""Other names by which codecs are asked for: those of ffmpeg's encoders, and common ones."""


def codec_named(name: str) -> str:
    """Return our name of a codec that is asked for by ffmpeg's or another; others as they are."""
    return OTHER_NAMES.get(name.lower(), name)
