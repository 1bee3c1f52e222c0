"""How a person is found and cut out: every choice in one value."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sinet_video.checked import check_fields
from sinet_video.decoding.access import Allow, Source, StrPath
from sinet_video.decoding.clip import Clip
from sinet_video.decoding.concealment import OnError
from sinet_video.errors import SettingError
from sinet_video.models.cityscapes_classes import ClassNames
from sinet_video.models.load import load_segmenter
from sinet_video.models.onnx_segmenter import OnnxInput
from sinet_video.models.onnx_session import Runtime
from sinet_video.models.segmenter import InputSize, Segmenter
from sinet_video.stages.chroma_key import ChromaKey
from sinet_video.stages.clean_regions import RegionFilter
from sinet_video.stages.despill import Despill
from sinet_video.stages.edge import EdgeShape
from sinet_video.stages.follow import Following
from sinet_video.stages.refine import GuidedRefinement, Refinement
from sinet_video.stages.smooth import Smoothing, WindowMean
from sinet_video.stages.source_alpha import SourceAlpha, check_source_alpha


@dataclass(frozen=True)
class Settings:
    """How a person is found and cut out; every part has a sensible default.

    Attributes:
        weights: "default", "official", "cityscapes", or the path of a checkpoint or an ONNX file.
        runtime: "onnxruntime" (CPU) or "torch".
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

    weights: str | Path = "default"
    runtime: Runtime = "onnxruntime"
    device: str = "cpu"
    onnx: OnnxInput = OnnxInput()
    classes: ClassNames | None = None
    size: InputSize = InputSize()
    following: Following | None = Following()
    smoothing: Smoothing = WindowMean()
    regions: RegionFilter = RegionFilter()
    refinement: Refinement = GuidedRefinement()
    key: ChromaKey | None = None
    edge: EdgeShape = EdgeShape()
    garbage: StrPath | Source | None = None
    core: StrPath | Source | None = None
    despill: Despill | None = None
    decontaminate: bool = True
    segmenter: Segmenter | None = None
    source_alpha: SourceAlpha = "multiply"
    deinterlace: bool = False
    on_error: OnError = "stop"
    allow: Allow = "nothing"

    def __post_init__(self) -> None:
        check_fields(self)
        check_source_alpha(self.source_alpha)

    def reads(self) -> dict[str, Path]:
        """Return the files that are read besides a clip, by what they are."""
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
        return Source.of(given, self.allow)

    def load(self) -> Segmenter:
        """Return the segmenter that these settings mean."""
        if self.segmenter is not None:
            return self.segmenter
        return load_segmenter(
            self.weights,
            runtime=self.runtime,
            device=self.device,
            onnx=self.onnx,
            classes=self.classes,
        )
