"""Which file holds what: containers, codecs, pixel formats and their options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from sinet_video.audio import AudioChoice
from sinet_video.clip import PIPE, AlphaKind
from sinet_video.errors import SettingError
from sinet_video.frame import PLANAR, SUFFIXES

Content = Literal["opaque", "alpha", "matte"]
"""A picture without alpha, a picture with alpha, or alpha alone as gray."""


@dataclass(frozen=True)
class Encoding:
    """How to encode; what is None is chosen for the container.

    Attributes:
        codec: "h264", "hevc", "av1", "vp9", "prores", "qtrle", "ffv1", "png", "tiff" or "exr".
        crf: constant quality, lower is better; for h264, hevc, av1 and vp9.
        preset: speed against size: x264's and x265's names, 0 to 13 for av1, 0 to 8 for vp9.
        format: what standard output gets: "nut", which keeps times, alpha and sound, "y4m" or
            "rawvideo"; what a folder gets: "png", "tiff" or "exr"; None with a file, whose name
            says it.
        alpha: whether colours of pictures with an alpha channel are "straight", or "premultiplied";
            None is what the format is read as where nothing is said: premultiplied in EXR, straight
            in all others.
        audio: "copy" keeps the sound's packets where the file can hold them and encodes them anew
            where it cannot; "encode" always does; "none" leaves it out.
    """

    codec: str | None = None
    crf: float | None = None
    preset: str | None = None
    format: str | None = None
    audio: AudioChoice = "copy"
    alpha: AlphaKind | None = None

    def __post_init__(self) -> None:
        if self.alpha not in (None, *get_args(AlphaKind)):
            raise SettingError(
                f"Alpha is {self.alpha!r}; it must be one of {', '.join(get_args(AlphaKind))}."
            )
        if self.audio not in get_args(AudioChoice):
            raise SettingError(
                f"Audio is {self.audio!r}; it must be one of {', '.join(get_args(AudioChoice))}."
            )


@dataclass(frozen=True)
class Codec:
    """An encoder of libav and what it can take.

    `opaque` and `alpha` map the working pixel format of the clip to the one to encode; `matte` is
    the format for alpha as gray. None: it cannot. `full_range`: whether it can say that luma spans
    all values. `even`: whether it needs sides that chroma divides. `least`: the shortest side that
    it takes.
    """

    encoder: str
    opaque: Callable[[str], str]
    alpha: Callable[[str], str] | None = None
    matte: str = "yuv420p"
    options: Mapping[str, str] = field(default_factory=dict)
    alpha_options: Mapping[str, str] = field(default_factory=dict)
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


@dataclass(frozen=True)
class Container:
    """A muxer of libav, the codecs that we put into it, and which it gets by default."""

    muxer: str
    codecs: tuple[str, ...]
    defaults: Mapping[Content, str]
    options: Mapping[str, str] = field(default_factory=dict)
    alone: bool = False
    """Whether it holds pictures and nothing else."""
    alpha_first: bool = False
    """Whether people who ask for this file without a background mean one with alpha."""
    narrows: Callable[[str], str] = str
    """From a working pixel format to the nearest that it can tell from others."""

    @property
    def is_pictures(self) -> bool:
        """Whether it is not one file but one for each picture."""
        return self.muxer == "image2"


@dataclass(frozen=True)
class Plan:
    """All that opening an encoder needs."""

    muxer: str
    muxer_options: Mapping[str, str]
    codec: str
    encoder: str
    pixel_format: str
    options: Mapping[str, str]
    full_range: bool = True
    alpha: AlphaKind = "straight"
    """How colours are to alpha, if they have any."""


WITH_ALPHA = ".webm (VP9), .mov (ProRes 4444) or a folder of PNGs"


def _plain(working: str) -> str:
    """Say full range by a tag and not by a pixel format of its own."""
    return working.replace("yuvj", "yuv")


def _yuv(working: str, *depths: int, alpha: str = "") -> str:
    """Return the nearest of 4:2:0, 4:2:2 and 4:4:4, and of some depths that which holds its own."""
    form = PLANAR[working]
    bits = next((depth for depth in depths if depth >= form.bits), depths[-1])
    sampling = "444" if form.across == 1 else "422" if form.down == 1 else "420"
    if (sampling, bits, alpha) == ("420", 12, "a"):
        sampling = "422"  # libav lacks it
    return f"yuv{alpha}{sampling}p{SUFFIXES[bits]}"


def _h264(working: str) -> str:
    return working if working.startswith("yuvj") else _yuv(working, 8, 10)


def _lossless(working: str) -> str:
    return "bgr0" if working == "gbrp" else _plain(working)  # which is what ffv1 has of the two


def _with_alpha(working: str) -> str:
    if not PLANAR[working].is_rgb:
        return _yuv(working, 8, 9, 10, 12, 16, alpha="a")
    depth = working.removeprefix("gbrp").replace("9le", "10le")
    return f"gbrap{depth}" if depth else "bgra"


def _is_deep(working: str) -> bool:
    return PLANAR[working].bits > 8


def _at_420(working: str) -> str:
    return "yuv420p10le" if _is_deep(working) else "yuv420p"


def _for_y4m(working: str) -> str:
    form = PLANAR[working]
    if form.is_rgb or (form.across, form.down) in ((1, 2), (4, 4)):
        return _yuv(working, 8, 9, 10, 12, 14, 16)
    return working


def _for_nut(working: str) -> str:
    """Return what the pipe's other end can tell from other formats."""
    return working.replace("yuv440p1", "yuv444p1")


X26_PRESETS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
)  # fmt: skip

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
        lambda working: _yuv(working, 8, 10, 12),
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
        lambda working: _yuv(working, 8),
        alpha=lambda _: "yuva420p",
        # "good" took 2.5 times as long for a quarter less size, and looked the same.
        options={"b": "0", "deadline": "realtime", "row-mt": "1"},
        alpha_options={"auto-alt-ref": "0"},
        crf=24,
        most_crf=63,
        presets=tuple(map(str, range(9))),
        preset="6",
        preset_option="cpu-used",
    ),
    "prores": Codec(
        "prores_ks",
        lambda _: "yuv422p10le",
        alpha=lambda _: "yuva444p10le",
        matte="yuv422p10le",
        full_range=False,
        options={"profile": "hq", "vendor": "apl0"},
        alpha_options={"profile": "4444", "alpha_bits": "16"},
    ),
    "ffv1": Codec(
        "ffv1", _lossless, alpha=_with_alpha, matte="gray", options={"level": "3", "slicecrc": "1"}
    ),
    "png": Codec(
        "png",
        lambda working: "rgb48be" if _is_deep(working) else "rgb24",
        alpha=lambda working: "rgba64be" if _is_deep(working) else "rgba",
        matte="gray",
        kinds=("straight",),
    ),
    "tiff": Codec(
        "tiff",
        lambda working: "rgb48le" if _is_deep(working) else "rgb24",
        alpha=lambda working: "rgba64le" if _is_deep(working) else "rgba",
        matte="gray",
        options={"compression_algo": "deflate"},
    ),
    "exr": Codec(
        "exr",
        lambda _: "gbrpf32le",
        alpha=lambda _: "gbrapf32le",
        matte="grayf32le",
        kinds=("premultiplied", "straight"),
        options={"compression": "zip16", "format": "half"},
        deep_options={"format": "float"},
    ),
    "rawvideo": Codec("rawvideo", _plain, alpha=_with_alpha, matte="gray"),
    "qtrle": Codec("qtrle", lambda _: "rgb24", alpha=lambda _: "argb", matte="gray"),
}

_MP4 = Container(
    "mp4",
    ("h264", "hevc", "av1", "vp9"),
    {"opaque": "h264", "matte": "h264"},
    {"movflags": "+faststart"},
)


def _pictures(codec: str) -> Container:
    defaults: dict[Content, str] = {"opaque": codec, "alpha": codec, "matte": codec}
    return Container("image2", (codec,), defaults, alpha_first=True)


PNG, TIFF, EXR = _pictures("png"), _pictures("tiff"), _pictures("exr")
FOLDERS = {"png": PNG, "tiff": TIFF, "exr": EXR}
"""What a folder can get."""

CONTAINERS: dict[str, Container] = {
    ".mp4": _MP4,
    ".m4v": _MP4,
    ".mov": Container(
        "mov",
        ("h264", "hevc", "prores", "qtrle", "png"),
        {"opaque": "h264", "alpha": "prores", "matte": "h264"},
        {"movflags": "+faststart"},
        alpha_first=True,
    ),
    ".mkv": Container(
        "matroska",
        ("h264", "hevc", "av1", "vp9", "ffv1", "prores"),
        {"opaque": "h264", "alpha": "ffv1", "matte": "ffv1"},
    ),
    ".webm": Container(
        "webm",
        ("vp9", "av1"),
        {"opaque": "vp9", "alpha": "vp9", "matte": "vp9"},
        alpha_first=True,
    ),
    ".png": PNG,
    ".tif": TIFF,
    ".tiff": TIFF,
    ".exr": EXR,
}


_RAW: Mapping[Content, str] = {"opaque": "rawvideo", "alpha": "rawvideo", "matte": "rawvideo"}
PIPES: dict[str, Container] = {
    "nut": Container(
        "nut",
        ("rawvideo", "ffv1", "h264", "hevc", "vp9"),
        _RAW,
        alpha_first=True,
        narrows=_for_nut,
    ),
    "y4m": Container(
        "yuv4mpegpipe",
        ("rawvideo",),
        {"opaque": "rawvideo", "matte": "rawvideo"},
        {"strict": "-1"},  # for more than eight bits
        alone=True,
        narrows=_for_y4m,
    ),
    "rawvideo": Container("rawvideo", ("rawvideo",), _RAW, alone=True, alpha_first=True),
}
"""What standard output can get."""


def container_of(path: Path, form: str | None = None) -> Container:
    """Return the container that a name stands for; no extension is a folder of PNGs.

    `form` is that of standard output, "-", or of a folder.
    """
    if path == PIPE:
        if form is not None and form not in PIPES:
            raise SettingError(f"Format is {form!r}; it must be one of {', '.join(PIPES)}.")
        return PIPES[form or "nut"]
    suffix = path.suffix.lower()
    if not suffix and (form is None or form in FOLDERS):
        return FOLDERS[form or "png"]
    if form is not None:
        place = "a folder" if form in FOLDERS else "standard output"
        raise SettingError(f"Format {form} is for {place}; the name {path} says its own.")
    if suffix not in CONTAINERS:
        raise SettingError(
            f"{path} ends in {suffix}; the output must end in {', '.join(CONTAINERS)}, or be a "
            "folder for PNGs."
        )
    return CONTAINERS[suffix]


def plan(path: Path, content: Content, working: str, encoding: Encoding = Encoding()) -> Plan:
    """Return how to encode `content` of a working pixel format into a file of this name.

    Raises `SettingError` when the container, codec, quality or preset do not go together.
    """
    container = container_of(path, encoding.format)
    name = encoding.codec or container.defaults.get(content, "")
    if content == "alpha" and "alpha" not in container.defaults:
        raise SettingError(
            f"{path.suffix or container.muxer} cannot hold an alpha channel; write {WITH_ALPHA}, "
            "or give a background."
        )
    if name not in container.codecs:
        raise SettingError(
            f"Codec {name!r} does not go into {path.suffix or container.muxer}; it takes "
            f"{', '.join(container.codecs)}."
        )
    codec = CODECS[name]
    return Plan(
        muxer=container.muxer,
        muxer_options=container.options,
        codec=name,
        encoder=codec.encoder,
        pixel_format=_pixel_format(name, codec, content, container.narrows(working)),
        options=_options(name, codec, content, encoding) | _deep_options(codec, working),
        full_range=codec.full_range,
        alpha=_alpha(name, codec, content, encoding),
    )


def _alpha(name: str, codec: Codec, content: Content, encoding: Encoding) -> AlphaKind:
    kind = encoding.alpha or codec.kinds[0]
    if encoding.alpha is not None and content != "alpha":
        raise SettingError(
            f"Nothing is to have an alpha channel that could be {kind}; leave that out, or make "
            "the background transparent."
        )
    if content == "alpha" and kind not in codec.kinds:
        raise SettingError(
            f"Alpha in {name.upper()} is {codec.kinds[0]} by its specification, and would be read "
            f"so; write .tif, .exr, .mov (ProRes 4444) or .webm for {kind}."
        )
    return kind


def _pixel_format(name: str, codec: Codec, content: Content, working: str) -> str:
    if content == "matte":
        return codec.matte
    if content == "opaque":
        return codec.opaque(working)
    if codec.alpha is None:
        able = [key for key, value in CODECS.items() if value.alpha]
        raise SettingError(
            f"Codec {name!r} has no alpha channel here; {', '.join(able)} have. Write {WITH_ALPHA}."
        )
    return codec.alpha(working)


def _options(name: str, codec: Codec, content: Content, encoding: Encoding) -> dict[str, str]:
    options = dict(codec.options)
    if content == "alpha":
        options |= codec.alpha_options
    if codec.crf is not None:
        options["crf"] = f"{_crf(name, codec, encoding):g}"
    elif encoding.crf is not None:
        raise SettingError(f"Codec {name!r} has no crf; leave it out.")
    if codec.presets:
        options[codec.preset_option] = _preset(name, codec, encoding)
    elif encoding.preset is not None:
        raise SettingError(f"Codec {name!r} has no presets; leave it out.")
    return options


def _deep_options(codec: Codec, working: str) -> dict[str, str]:
    return dict(codec.deep_options) if PLANAR[working].bits > 10 else {}


def _crf(name: str, codec: Codec, encoding: Encoding) -> float:
    assert codec.crf is not None  # the caller looked
    crf = codec.crf if encoding.crf is None else encoding.crf
    if not 0 <= crf <= codec.most_crf:
        raise SettingError(f"Crf is {crf:g}; for {name} it must be from 0 to {codec.most_crf:g}.")
    return crf


def _preset(name: str, codec: Codec, encoding: Encoding) -> str:
    preset = encoding.preset or codec.preset
    if preset not in codec.presets:
        raise SettingError(
            f"Preset is {preset!r}; for {name} it must be one of {', '.join(codec.presets)}."
        )
    return preset
