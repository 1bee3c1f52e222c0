"""How a person is found and cut out: every choice in one value, and how each is an option.

Nothing heavy is imported here before a network is loaded, so that the command can list its options
at once.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from sinet_video.checked import check_fields
from sinet_video.errors import SettingError
from sinet_video.models.input_settings import InputSize, OnnxInput
from sinet_video.option import option, parts
from sinet_video.stages.matte_settings import (
    EDGE,
    MATTE,
    EdgeShape,
    Following,
    GuidedRefinement,
    Refinement,
    RegionFilter,
    Smoothing,
    SourceAlpha,
    WindowMean,
    check_source_alpha,
    parse_refinement,
    parse_smoothing,
)
from sinet_video.stages.screen_settings import ChromaKey, Despill, parse_despill

if TYPE_CHECKING:
    from sinet_video.decoding.access import Allow, Source, StrPath
    from sinet_video.decoding.clip import Clip
    from sinet_video.decoding.concealment import OnError
    from sinet_video.models.cityscapes_classes import ClassNames
    from sinet_video.models.onnx_session import Runtime
    from sinet_video.models.segmenter import Segmenter

NETWORK, SCREEN, INPUT = "Network", "Green screen", "Input"
"""Headings of options, beside those of the stages."""


@dataclass(frozen=True)
class Settings:
    """How a person is found and cut out; every part has a sensible default.

    Attributes:
        weights: "default", "official", "cityscapes", or the path of a checkpoint or an ONNX file.
        runtime: "onnxruntime" (CPU), "torch", or "auto": the first on the CPU, else the second.
        device: "cpu", or with torch any device it knows.
        onnx: how an ONNX file that is not ours wants its picture.
        classes: what counts as the person where the weights tell the 19 classes of Cityscapes, such
            as "person,bicycle"; "person,rider" if not given.
        size: how large the network sees the picture.
        following: how closely people are followed, to be seen larger; None for not at all.
        smoothing: how alpha is steadied over time; None for not at all.
        regions: which regions are kept: no islands, no holes, one subject.
        refinement: how alpha is raised to full size.
        key: how alpha is keyed from a screen of one colour, with the network's say; None for no
            screen.
        edge: how the edge is then moved and softened.
        garbage, core: files of pictures or videos, white where alpha is at last forced to 0, or 1;
            a video is in step with the clip, from the first picture of each.
        despill: which screen's light `convert` takes out of the person; None for none.
        decontaminate: whether `convert` takes the old background's colour out of the edge.
        segmenter: a function to use instead of the network.
        source_alpha: what becomes of an alpha channel that the source has: "multiply" makes
            transparent what is so in the source or is not the person, "keep" puts it in the
            network's place, "ignore" does without it.
        deinterlace: whether pictures whose lines are of two moments are made ones of the first.
        on_error: "stop", or "conceal" to leave out what of a damaged file cannot be read.
        allow: what paths of the source, the background and drawn mattes may make us read:
            "nothing"; "files" that a playlist or such names; "network", hosts as well, so that each
            of them may be a URL.
    """

    weights: str | Path = option(
        "default",
        "default, official or cityscapes (each fetched once); or a .pth or .onnx file.",
        NETWORK,
        kind=str,
        metavar="NAME|FILE",
        brief="default, official, cityscapes, or a file.",
    )
    runtime: Literal["auto"] | Runtime = option(
        "auto",
        "What runs the network; auto is onnxruntime on the CPU and torch on other devices.",
        NETWORK,
        choices=("auto", "onnxruntime", "torch"),
    )
    device: str = option("cpu", "cpu, or a device of torch such as cuda.", NETWORK)
    onnx: OnnxInput = parts(OnnxInput())
    classes: ClassNames | None = option(
        None,
        "With cityscapes: what to cut out of its 19 classes, such as person,bicycle or car.",
        NETWORK,
        kind=str,
        metavar="NAMES",
        shown="person,rider",
    )
    size: InputSize = option(
        InputSize(),
        "How large the network sees the frame, in its own aspect.",
        NETWORK,
        name="network-size",
        parse=InputSize.parse,
        metavar="PIXELS|WxH",
        shown="64000; with cityscapes 600000",
    )
    following: Following | None = option(
        Following(),
        "Show the network small people larger, by following and searching for them.",
        NETWORK,
        name="follow",
        off="no-follow",
        kind=bool,
        typed=True,
        parse=lambda wanted: Following() if wanted else None,
    )
    smoothing: Smoothing = option(
        WindowMean(),
        "Steady the matte over time: window (by the frames around each; :FRAMES may follow), "
        "adaptive or exponential (by those before; :WEIGHT may follow), or off.",
        MATTE,
        name="smooth",
        parse=parse_smoothing,
        typed="window",
        metavar="HOW",
    )
    regions: RegionFilter = parts(RegionFilter())
    refinement: Refinement = option(
        GuidedRefinement(),
        "Fit the edge to the frame's own edges, or only enlarge it.",
        MATTE,
        name="refine",
        parse=parse_refinement,
        typed="guided",
        choices=("guided", "bilinear"),
    )
    key: ChromaKey | None = option(
        None,
        "Key the screen behind the person: green, blue, any other colour, or auto for whichever of "
        "green and blue there is.",
        SCREEN,
        parse=ChromaKey,
        metavar="COLOUR",
        brief="Key a screen: green, blue, #RRGGBB or auto.",
    )
    edge: EdgeShape = parts(EdgeShape())
    garbage: StrPath | Source | None = option(
        None,
        "An image or video that is white where nothing is to be kept.",
        MATTE,
        kind=str,
        metavar="FILE",
        brief="Image or video, white where nothing is kept.",
    )
    core: StrPath | Source | None = option(
        None,
        "The same, white where everything is to be kept.",
        MATTE,
        kind=str,
        metavar="FILE",
        brief="Image or video, white where all is kept.",
    )
    despill: Despill | None = option(
        None,
        "Remove a screen's light from the person: green, blue, any other colour, off, or auto for "
        "the screen that is keyed.",
        SCREEN,
        parse=parse_despill,
        needs=("key",),
        typed="auto",
        metavar="COLOUR",
    )
    decontaminate: bool = option(
        True,
        "Remove the old background's colour from the edge.",
        EDGE,
        off="no-decontaminate",
    )
    segmenter: Segmenter | None = None
    source_alpha: SourceAlpha = option(
        "multiply",
        "What becomes of INPUT's own alpha channel: it multiplies the matte, is kept in its place, "
        "or is ignored.",
        MATTE,
        choices=get_args(SourceAlpha),
    )
    deinterlace: bool = option(False, "Deinterlace INPUT, at its own frame rate.", INPUT)
    on_error: OnError = option(
        "stop",
        "Where INPUT is damaged: stop and write nothing, or leave out what is lost.",
        INPUT,
        choices=("stop", "conceal"),
    )
    allow: Allow = option(
        "nothing",
        "What may be read besides the files that you name: the files that these name, as "
        "playlists do, or the network, as for URLs.",
        INPUT,
        choices=("nothing", "files", "network"),
    )

    def __post_init__(self) -> None:
        check_fields(self)
        check_source_alpha(self.source_alpha)

    def reads(self) -> dict[str, Path]:
        """Return the files that are read besides a clip, by what they are."""
        from sinet_video.decoding.access import Source

        named = {
            "garbage matte": self.garbage,
            "core matte": self.core,
            "weights": self.weights,
        }
        given = {what: n.path if isinstance(n, Source) else n for what, n in named.items()}
        files = {what: Path(name) for what, name in given.items() if name is not None}
        return {what: path for what, path in files.items() if os.path.lexists(path)}

    def check(self, clip: Clip) -> None:
        """Raise `SettingError` for what cannot be done with a clip."""
        if self.source_alpha == "keep" and clip.alpha is None:
            raise SettingError(
                f"{clip.path} has no alpha to keep; multiply or ignore do not ask it."
            )

    def source(self, given: StrPath | Source) -> Source:
        """Return a file or URL with what it may read: a `Source` as it is, others by `allow`."""
        from sinet_video.decoding.access import Source

        return Source.of(given, self.allow)

    def load(self) -> Segmenter:
        """Return the segmenter that these settings mean."""
        if self.segmenter is not None:
            return self.segmenter
        from sinet_video.models.load import load_segmenter

        return load_segmenter(
            self.weights,
            runtime=self._runtime,
            device=self.device,
            onnx=self.onnx,
            classes=self.classes,
        )

    @property
    def _runtime(self) -> Runtime:
        if self.runtime == "auto":
            return "onnxruntime" if self.device == "cpu" else "torch"
        return self.runtime
