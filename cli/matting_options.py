"""Options that say how people are found and cut out, and how their values are read.

Nothing heavy is imported here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import click
from sinet_video.cli.options import Triple, allow_option, grouped, weights_option

from sinet_video.errors import SettingError

if TYPE_CHECKING:
    from sinet_video.decoding.access import Allow
    from sinet_video.decoding.concealment import OnError
    from sinet_video.models.onnx_segmenter import Activation, OnnxInput
    from sinet_video.models.onnx_session import Runtime
    from sinet_video.pipeline.settings import Settings
    from sinet_video.stages.clean_regions import Subject
    from sinet_video.stages.despill import Despill
    from sinet_video.stages.edge import FeatherSide
    from sinet_video.stages.refine import Refinement
    from sinet_video.stages.smooth import Smoothing


@dataclass(frozen=True)
class OnnxOptions:
    """What the user said about ONNX files of others; see `onnx_options`."""

    onnx_channels: Literal["rgb", "bgr"]
    onnx_mean: tuple[float, float, float]
    onnx_std: tuple[float, float, float]
    onnx_activation: Activation
    onnx_channel: int

    def onnx_input(self) -> OnnxInput:
        """Return the library's description of such a file."""
        from sinet_video.models.onnx_segmenter import OnnxInput, Preprocessing

        wanted = Preprocessing(self.onnx_channels, self.onnx_mean, self.onnx_std)
        return OnnxInput(wanted, self.onnx_activation, self.onnx_channel)


@dataclass(frozen=True)
class MattingOptions(OnnxOptions):
    """What the user said about how the person is found; see `matting_options`."""

    weights: str
    classes: str | None
    runtime: Literal["auto", "onnxruntime", "torch"]
    device: str
    size: str | None
    follow: bool
    smooth: str
    subject: Subject
    islands: float
    holes: float
    refine: str
    choke: float
    feather: float
    source_alpha: Literal["multiply", "keep", "ignore"]
    feather_side: FeatherSide
    garbage: str | None
    core: str | None
    decontaminate: bool
    key: str | None
    despill: str
    deinterlace: bool
    on_error: OnError
    allow: Allow

    def settings(self) -> Settings:
        """Return the library's settings."""
        from sinet_video.models.segmenter import InputSize
        from sinet_video.pipeline.settings import Settings
        from sinet_video.stages.chroma_key import ChromaKey
        from sinet_video.stages.clean_regions import RegionFilter
        from sinet_video.stages.edge import EdgeShape
        from sinet_video.stages.follow import Following

        return Settings(
            weights=self.weights,
            runtime=self._runtime(),
            device=self.device,
            onnx=self.onnx_input(),
            classes=self.classes,
            size=InputSize.parse(self.size) if self.size is not None else InputSize(),
            following=Following() if self.follow else None,
            smoothing=parse_smoothing(self.smooth),
            regions=RegionFilter(self.islands, self.holes, self.subject),
            refinement=parse_refinement(self.refine),
            edge=EdgeShape(self.choke, self.feather, self.feather_side),
            garbage=self.garbage,
            core=self.core,
            source_alpha=self.source_alpha,
            decontaminate=self.decontaminate,
            key=ChromaKey(self.key) if self.key is not None else None,
            despill=parse_despill(self.despill, self.key),
            deinterlace=self.deinterlace,
            on_error=self.on_error,
            allow=self.allow,
        )

    def reads(self) -> dict[str, str | None]:
        """Return the files that are read, by what they are."""
        return {"garbage matte": self.garbage, "core matte": self.core, "weights": self.weights}

    def _runtime(self) -> Runtime:
        if self.runtime == "auto":
            return "onnxruntime" if self.device == "cpu" else "torch"
        return self.runtime


def parse_smoothing(text: str) -> Smoothing:
    """Read "window", "adaptive", "exponential" or "off", all but that with ":NUMBER" if wanted."""
    from sinet_video.stages.smooth import ExponentialAverage, MotionAdaptive, WindowMean

    if text == "off":
        return None
    name, colon, number = text.partition(":")
    kinds: dict[str, Callable[..., Smoothing]] = {
        "window": WindowMean,
        "adaptive": MotionAdaptive,
        "exponential": ExponentialAverage,
    }
    if name not in kinds:
        raise SettingError(
            f"Smoothing is {text!r}; it must be window, adaptive, exponential or off. Frames may "
            "follow the first, such as window:4, and a weight the next two, such as adaptive:0.3."
        )
    read = int if name == "window" else float
    try:
        return kinds[name](read(number)) if colon else kinds[name]()
    except ValueError as error:
        if isinstance(error, SettingError):
            raise
        raise SettingError(f"Smoothing is {text!r}; after the colon comes a number.") from error


def parse_despill(text: str, key: str | None) -> Despill | None:
    """Read a screen's colour or "off"; "auto" is the screen that is keyed, if any is."""
    from sinet_video.stages.despill import Despill

    if text == "off" or (text == "auto" and key is None):
        return None
    return Despill(key if text == "auto" and key is not None else text)


def parse_refinement(text: str) -> Refinement:
    """Read "guided" or "bilinear"."""
    from sinet_video.stages.refine import BilinearRefinement, GuidedRefinement

    return GuidedRefinement() if text == "guided" else BilinearRefinement()


_ONNX = (
    click.option(
        "--onnx-channels",
        type=click.Choice(["rgb", "bgr"]),
        default="rgb",
        help="For an ONNX file of others: the order in which it wants colours.",
    ),
    click.option(
        "--onnx-mean", type=Triple(), default=(0.0, 0.0, 0.0), help="Subtracted from 0 to 255."
    ),
    click.option(
        "--onnx-std", type=Triple(), default=(255.0, 255.0, 255.0), help="Then divided by this."
    ),
    click.option(
        "--onnx-activation",
        type=click.Choice(["none", "sigmoid", "softmax"]),
        default="none",
        help="What turns its output into a probability.",
    ),
    click.option(
        "--onnx-channel", type=int, default=-1, help="Which output channel is the person; -1: last."
    ),
)

_MATTING = (
    weights_option,
    click.option(
        "--classes",
        metavar="NAMES",
        help="With cityscapes: what to cut out of its 19 classes, such as person,bicycle or car.  "
        "[default: person,rider]",
    ),
    click.option(
        "--runtime",
        type=click.Choice(["auto", "onnxruntime", "torch"]),
        default="auto",
        help="What runs the network: onnxruntime on the CPU, torch on other devices.",
    ),
    click.option("--device", default="cpu", help="cpu, or a device of torch such as cuda."),
    click.option(
        "--size",
        metavar="PIXELS|WxH",
        help="How large the network sees the picture, in its own aspect.  [default: 64000; with "
        "cityscapes 600000]",
    ),
    click.option(
        "--follow/--no-follow",
        default=True,
        help="Show the network small people larger, by following and searching them.  "
        "[default: follow]",
    ),
    click.option(
        "--smooth",
        default="window",
        metavar="HOW",
        help="Steady the matte over time: window (by the frames around each; :FRAMES may follow), "
        "adaptive or exponential (by those before; :WEIGHT may follow), or off.",
    ),
    click.option(
        "--subject",
        type=click.Choice(["all", "main"]),
        default="all",
        help="Keep everybody, or only the largest and most central and stay with that.",
    ),
    click.option(
        "--islands",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="Remove regions smaller than this share of the largest, such as 0.05.",
    ),
    click.option(
        "--holes",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="Fill holes smaller than this share of the largest region.",
    ),
    click.option(
        "--refine",
        type=click.Choice(["guided", "bilinear"]),
        default="guided",
        help="Fit the edge to the picture, or merely enlarge.",
    ),
    click.option(
        "--choke", type=float, default=0.0, metavar="PX", help="Shrink the matte; negative spreads."
    ),
    click.option("--feather", type=float, default=0.0, metavar="PX", help="Soften the edge."),
    click.option(
        "--feather-side",
        type=click.Choice(["both", "inward", "outward"]),
        default="both",
        help="Where it fades: about the edge, within the person, or around it.",
    ),
    click.option(
        "--garbage",
        metavar="FILE",
        help="A picture or video, white where nothing is to be kept; over the whole picture.",
    ),
    click.option(
        "--core", metavar="FILE", help="As --garbage, white where all is kept whatever it is."
    ),
    click.option(
        "--source-alpha",
        type=click.Choice(["multiply", "keep", "ignore"]),
        default="multiply",
        help="An alpha channel of INPUT: multiply the matte by it, keep it in the matte's place, "
        "or do without it.",
    ),
    click.option(
        "--decontaminate/--no-decontaminate",
        default=True,
        help="Take the old background's colour out of the edge.",
    ),
    click.option(
        "--key",
        metavar="COLOUR",
        help="Key a screen behind the person, with the network's say: green, blue, #RRGGBB, or "
        "auto for whichever there is.",
    ),
    click.option(
        "--despill",
        default="auto",
        metavar="COLOUR",
        help="Take a screen's light out of the person: green, blue, #RRGGBB, off, or auto for that "
        "which is keyed.",
    ),
    click.option(
        "--deinterlace", is_flag=True, help="Make pictures of two moments each ones of the first."
    ),
    click.option(
        "--on-error",
        type=click.Choice(["stop", "conceal"]),
        default="stop",
        help="Where INPUT is damaged: make nothing, or leave out what is lost.",
    ),
    allow_option,
    *_ONNX,
)

onnx_options = grouped(OnnxOptions, "onnx", _ONNX)
matting_options = grouped(MattingOptions, "matting", _MATTING)
