"""Which encoders there are, what they take and how they are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from sinet_video.media.pixel_formats import PLANAR, SUFFIXES
from sinet_video.media.tiled_alpha import AlphaKind

Content = Literal["rgb", "rgba", "alpha"]
"""What is written of a matte: colour without alpha, colour with alpha, or alpha alone as gray.

The names say what is in the frames; in most files "rgb" and "rgba" are encoded as YUV."""

X26_PRESETS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
)  # fmt: skip


@dataclass(frozen=True)
class Codec:
    """An encoder of libav and what it can take.

    `rgb` and `rgba` map the working pixel format of the clip to the one that is encoded, without
    and with an alpha channel; `alpha` is the format for alpha alone, as gray. None: it cannot.
    `full_range`: whether it can say that luma spans all values. `even`: whether it needs sides that
    chroma divides. `least`: the shortest side that it takes.
    """

    encoder: str
    rgb: Callable[[str], str]
    rgba: Callable[[str], str] | None = None
    alpha: str = "yuv420p"
    options: Mapping[str, str] = field(default_factory=dict)
    rgba_options: Mapping[str, str] = field(default_factory=dict)
    kinds: tuple[AlphaKind, ...] = ("straight", "premultiplied")
    """How colours can be to alpha, the usual one first."""
    deep_options: Mapping[str, str] = field(default_factory=dict)
    """Options for more than 10 bits."""
    full_range: bool = True
    even: bool = False
    least: int = 1
    crf: float | None = None
    most_crf: float = 0
    presets: tuple[str, ...] = ()
    preset: str = ""
    preset_option: str = "preset"


def _plain(working: str) -> str:
    """Say full range by a tag and not by a pixel format of its own."""
    return working.replace("yuvj", "yuv")


def yuv_like(working: str, *depths: int, alpha: str = "") -> str:
    """Return the nearest of 4:2:0, 4:2:2 and 4:4:4, and of some depths that which holds its own."""
    form = PLANAR[working]
    bits = next((depth for depth in depths if depth >= form.bits), depths[-1])
    sampling = "444" if form.across == 1 else "422" if form.down == 1 else "420"
    if (sampling, bits, alpha) == ("420", 12, "a"):
        sampling = "422"  # libav lacks it
    return f"yuv{alpha}{sampling}p{SUFFIXES[bits]}"


def _h264(working: str) -> str:
    return working if working.startswith("yuvj") else yuv_like(working, 8, 10)


def _lossless(working: str) -> str:
    return "bgr0" if working == "gbrp" else _plain(working)  # which is what ffv1 has of the two


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
        even=True,
        crf=18,
        most_crf=51,
        presets=X26_PRESETS,
        preset="veryfast",
    ),
    "hevc": Codec(
        "libx265",
        lambda working: yuv_like(working, 8, 10, 12),
        even=True,
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
        crf=28,
        most_crf=63,
        presets=tuple(map(str, range(14))),
        preset="10",
    ),
    "vp9": Codec(
        "libvpx-vp9",
        # As built into PyAV it has 8 bits only; alternate reference frames would lose the alpha.
        lambda working: yuv_like(working, 8),
        rgba=lambda _: "yuva420p",
        # "good" took 2.5 times as long for a quarter less size, and looked the same.
        # Nothing is gained by looking ahead without those, and 25 frames of 1080p are 220 MB.
        options={"b": "0", "deadline": "realtime", "row-mt": "1", "lag-in-frames": "0"},
        rgba_options={"auto-alt-ref": "0"},
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
    "rawvideo": Codec("rawvideo", _plain, rgba=_with_alpha, alpha="gray"),
    "qtrle": Codec("qtrle", lambda _: "rgb24", rgba=lambda _: "argb", alpha="gray"),
}
