"""The known networks and named weights, one row each.

No other code compares these names. To add a network, write its module (see `Architecture`) and add
a row to `NAMED`. Reading the table needs no torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from sinet_video.models import cityscapes_classes
from sinet_video.models.download import Remote
from sinet_video.models.input_settings import PIXELS, STEP


@dataclass(frozen=True)
class Architecture:
    """A network, as far as its weights can be used without importing torch.

    Attributes:
        module: the module of `sinet_video.models` that defines the network. It has
            `recognises(state)`, which says whether a state dict belongs to this network, and
            `from_state(state)`, which returns the network with these weights. The network has this
            `Architecture` as its attribute `architecture`.
        export: the module, perhaps the same, with `fast(network, size=, opset=)`, which returns an
            ONNX graph for uint8 images as `export_sinet.fast` does, and `plain` if there is a plain
            graph too.
        step: input sides must be multiples of this.
        pixels: approximate number of input pixels that suits the network.
        classes: the classes it tells apart; empty if it only knows the person. A graph with classes
            has a second input, `wanted`.
        person: the classes that count as the person by default.
    """

    module: str
    export: str
    step: int = STEP
    pixels: int = PIXELS
    classes: tuple[str, ...] = ()
    person: tuple[str, ...] = ()

    @property
    def code(self) -> Any:
        """The module that defines the network; importing it imports torch."""
        return import_module(f"sinet_video.models.{self.module}")

    @property
    def exporter(self) -> Any:
        """The module that makes its ONNX graphs; importing it imports torch."""
        return import_module(f"sinet_video.models.{self.export}")


@dataclass(frozen=True)
class NamedWeights:
    """Weights with a name: part of this package, or downloaded the first time.

    Attributes:
        architecture: the network they belong to.
        download: where to download the checkpoint, if it is not packaged.
        checkpoint: the file of the packaged checkpoint.
        graph: the file of its fast graph, gzipped, if that is packaged too.
        sure: alpha that hardly anything but people reaches; None if that is not known.
    """

    architecture: Architecture
    download: Remote | None = None
    checkpoint: str = ""
    graph: str = ""
    sure: float | None = None


SINET = Architecture(module="sinet", export="export_sinet")

CITYSCAPES = Architecture(
    module="sinet_cityscapes",
    export="export_cityscapes",
    step=cityscapes_classes.STEP,
    pixels=cityscapes_classes.PIXELS,
    classes=cityscapes_classes.CLASSES,
    person=cityscapes_classes.DEFAULT,
)

SURE = 0.99753
"""What a logit of 6 is as alpha.

With 12, many athletes and people at work are lost; with less, more animals and things are kept.
"""

NAMED = {
    "default": NamedWeights(SINET, checkpoint="default.pth", graph="default.onnx.gz", sure=SURE),
    # The weights released by the paper's authors (MIT, (c) NAVER Corp.).
    "official": NamedWeights(
        SINET,
        Remote(
            name="SINet-official.pth",
            url=(
                "https://raw.githubusercontent.com/clovaai/ext_portrait_segmentation/"
                "5ebd2d6d2f1270483f8ddae97641a893f7d1af67/result/SINet/SINet.pth"
            ),
            size=444_787,
            sha256="d164a9643c6e6765fc6dd4ec73f6018ad2526c21336911b4484715f33e6981a4",
        ),
    ),
    # The authors' weights for street scenes, trained on Cityscapes (MIT, (c) NAVER Corp.).
    "cityscapes": NamedWeights(
        CITYSCAPES,
        Remote(
            name="SINet-cityscapes-official.pth",
            url=(
                "https://raw.githubusercontent.com/clovaai/c3_sinet/"
                "636245fd90cd88e5f851b340befee8d48865e965/result/SINet/SINet.pth"
            ),
            size=631_433,
            sha256="aecc10ab0d8d7b0c3dd86569fc3a3b91b3bd72ca485f96319afb3ef591558dcc",
        ),
    ),
}

NAMES = ", ".join(f"'{name}'" for name in NAMED)
"""The names, as messages list them."""


def named(weights: str | Path) -> NamedWeights | None:
    """Return the row of a name, or None if it must be a path."""
    return NAMED.get(weights) if isinstance(weights, str) else None


def architectures() -> list[Architecture]:
    """Return every known network, the packaged one first."""
    return list(dict.fromkeys(row.architecture for row in NAMED.values()))


def architecture_of_state(state: dict[str, Any]) -> Architecture:
    """Return the network that a state dict belongs to; the packaged one if none recognises it."""
    every = architectures()
    return next((each for each in every if each.code.recognises(state)), every[0])


def architecture_of_graph(classes: int) -> Architecture:
    """Return the network that a fast graph belongs to, by the number of its classes."""
    every = architectures()
    return next((each for each in every if len(each.classes) == classes), every[0])
