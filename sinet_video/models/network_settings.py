"""Which network answers, where it runs and what it sees, and the option for each.

Nothing heavy is imported here before a network is loaded, so that the command lists its options
quickly.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from sinet_video.checked import check_fields
from sinet_video.errors import SettingError
from sinet_video.models.input_settings import InputSize, OnnxInput
from sinet_video.option import option, parts

if TYPE_CHECKING:
    from sinet_video.models.cityscapes_classes import ClassNames
    from sinet_video.models.onnx.session import Runtime
    from sinet_video.models.segmenter import Segmenter

NETWORK = "Network"
"""Heading of the options for the network."""

Quality = Literal["standard", "high"]
"""How closely the network looks: with "high" twice, at more pixels and at the mirror image."""


@dataclass(frozen=True)
class NetworkSettings:
    """The network that finds people.

    Raises `SettingError` for a value of another type.

    Attributes:
        weights: "default", "official", "cityscapes", or the path of a checkpoint or an ONNX file.
        runtime: "onnxruntime" (CPU only), "torch", which also does the stages after the network
            that it can, or "auto": the first on the CPU, else the second.
        device: "cpu", or with torch any device that it knows; "auto" chooses a CUDA one, else
            Apple's MPS, else the CPU.
        onnx: the input and output of an ONNX file that this library did not export.
        classes: the classes that count as the person, for weights that tell the 19 classes of
            Cityscapes apart, such as "person,bicycle"; "person,rider" by default.
        quality: "standard", or "high" for better mattes: the network looks twice, at half as many
            pixels again and at the mirror image, in three times its time; "auto" is "high" for a
            still image and "standard" for a video.
        size: the size at which the network sees the frame.
        segmenter: a function to use instead of the network, as it is.
    """

    weights: str | Path = option(
        "default",
        "default, or official or cityscapes (downloaded on first use), or a .pth or .onnx file.",
        NETWORK,
        kind=str,
        metavar="NAME|FILE",
        brief="default, official, cityscapes, or a file.",
    )
    runtime: Literal["auto"] | Runtime = option(
        "auto",
        "Runtime: onnxruntime for the network, or torch for the network and the stages after it; "
        "auto is onnxruntime on the CPU and torch on other devices.",
        NETWORK,
        choices=("auto", "onnxruntime", "torch"),
    )
    device: str = option(
        "cpu", "cpu, or a torch device such as cuda; auto takes a GPU if there is one.", NETWORK
    )
    onnx: OnnxInput = parts(OnnxInput())
    classes: ClassNames | None = option(
        None,
        "With --weights cityscapes: which of its 19 classes to cut out, such as person,bicycle.",
        NETWORK,
        kind=str,
        metavar="NAMES",
        shown="person,rider",
    )
    quality: Literal["auto"] | Quality = option(
        "auto",
        "high gives better mattes, of hands and whole bodies above all: the network looks twice, "
        "at half as many pixels again and at the mirror image, in three times its time. "
        "auto is high for an image and standard for a video.",
        NETWORK,
        choices=("auto", *get_args(Quality)),
        brief="high: better mattes, in more time.",
    )
    size: InputSize = option(
        InputSize(),
        "Size at which the network sees the frame: a pixel count, which keeps the aspect ratio, or "
        "a width and height.",
        NETWORK,
        name="network-size",
        parse=InputSize.parse,
        metavar="PIXELS|WxH",
        shown="64000; with cityscapes 600000; more with --quality high",
    )
    segmenter: Segmenter | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        if self.segmenter is not None and not callable(self.segmenter):
            raise SettingError(
                f"Segmenter is {self.segmenter!r}; it must be a function from an image to alpha. "
                "The weights of a network are named by `weights`."
            )

    def load(self, *, still: bool = False) -> Segmenter:
        """Return the segmenter for these settings, for a video or for a `still` image."""
        if self.segmenter is not None:
            return self.segmenter
        from sinet_video.models.load import load_segmenter

        runtime, device = self.placed
        return load_segmenter(
            self.weights,
            runtime=runtime,
            device=device,
            onnx=self.onnx,
            classes=self.classes,
            quality=self.looks(still=still),
        )

    def looks(self, *, still: bool) -> Quality:
        """Return the quality: for "auto", what suits a video or a `still` image."""
        if self.quality == "auto":
            return "high" if still else "standard"
        return self.quality

    @property
    def placed(self) -> tuple[Runtime, str]:
        """The runtime and the device: what is chosen where they are "auto"."""
        from sinet_video.models.devices import chosen

        return chosen(self.runtime, self.device, self.weights)

    @property
    def torch_device(self) -> str | None:
        """The device of the torch runtime; None for onnxruntime, without torch being imported."""
        runtime, device = self.placed
        return device if runtime == "torch" else None
