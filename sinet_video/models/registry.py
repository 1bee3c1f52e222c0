"""The networks that this library knows and the weights that go by a name: one row each.

Nothing else tests these names. To add a network, write its module (see `Architecture`) and add a
row to `NAMED`. No torch is needed to read the table.
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
    """A network, as far as its weights' users need to know it without importing torch.

    Attributes:
        module: the module of `sinet_video.models` with the network. It has `recognises(state)`,
            whether a state dict is of this network, and `from_state(state)`, which returns it with
            these weights. The network has this `Architecture` as its attribute `architecture`.
        export: the module, perhaps the same, with `fast(network, size=, opset=)`, which returns an
            ONNX graph of uint8 pictures as `export_sinet.fast` does; where there is a plain graph
            too, `plain` returns it.
        step: what the sides of its pictures must be multiples of.
        pixels: about how many pixels suit it.
        classes: the classes that it tells apart; none where it tells the person only. A graph with
            classes has a second input, `wanted`.
        person: those that count as the person unless others are chosen.
    """

    module: str
    export: str
    step: int = STEP
    pixels: int = PIXELS
    classes: tuple[str, ...] = ()
    person: tuple[str, ...] = ()

    @property
    def code(self) -> Any:
        """The module with the network; importing it imports torch."""
        return import_module(f"sinet_video.models.{self.module}")

    @property
    def exporter(self) -> Any:
        """The module that makes its ONNX graphs; importing it imports torch."""
        return import_module(f"sinet_video.models.{self.export}")


@dataclass(frozen=True)
class NamedWeights:
    """Weights that go by a name: in this package, or fetched the first time.

    Attributes:
        architecture: the network that they are of.
        download: where the checkpoint is fetched from, if it is not packaged.
        checkpoint: the file of the packaged checkpoint.
        graph: the file of its fast graph, gzipped, if that is packaged too.
    """

    architecture: Architecture
    download: Remote | None = None
    checkpoint: str = ""
    graph: str = ""


SINET = Architecture(module="sinet", export="export_sinet")

CITYSCAPES = Architecture(
    module="sinet_cityscapes",
    export="export_cityscapes",
    step=cityscapes_classes.STEP,
    pixels=cityscapes_classes.PIXELS,
    classes=cityscapes_classes.CLASSES,
    person=cityscapes_classes.DEFAULT,
)

NAMED = {
    "default": NamedWeights(SINET, checkpoint="default.pth", graph="default.onnx.gz"),
    # The weights that the paper's authors released (MIT, (c) NAVER Corp.).
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
    # Their weights of the network for street scenes, trained on Cityscapes (MIT, (c) NAVER Corp.).
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
"""The names as messages list them."""


def named(weights: str | Path) -> NamedWeights | None:
    """Return the row of a name, or None for what must be a path."""
    return NAMED.get(weights) if isinstance(weights, str) else None


def architectures() -> list[Architecture]:
    """Return every network that the table knows, the packaged one first."""
    return list(dict.fromkeys(row.architecture for row in NAMED.values()))


def architecture_of_state(state: dict[str, Any]) -> Architecture:
    """Return the network that a state dict is of; the packaged one where none recognises it."""
    every = architectures()
    return next((each for each in every if each.code.recognises(state)), every[0])


def architecture_of_graph(classes: int) -> Architecture:
    """Return the network that a fast graph is of, by the number of its classes."""
    every = architectures()
    return next((each for each in every if len(each.classes) == classes), every[0])
