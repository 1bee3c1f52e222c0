"""`sinet-video export`: the network as an ONNX file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click
from sinet_video.cli.options.click_options import (
    option_of,
    overwrite_option,
    own_option,
    quiet_option,
)
from sinet_video.cli.options.command import GroupedCommand

from sinet_video.errors import SettingError
from sinet_video.extras import extra_needed
from sinet_video.pipeline.settings import Settings

if TYPE_CHECKING:
    from sinet_video.models.export_onnx import ExportReport, Port


GRAPH = "Graph"
"""The heading of these options."""


@click.command(cls=GroupedCommand)
@click.argument("output", metavar="OUTPUT.onnx")
@option_of(Settings, "weights")
@own_option(
    GRAPH,
    "--graph",
    type=click.Choice(["fast", "plain"]),
    default="fast",
    help="fast takes 8-bit images, and is what this program uses; plain takes floats, as most "
    "other programs expect.",
)
@own_option(
    GRAPH,
    "--size",
    metavar="WxH",
    show_default="any size",
    help="Fix the size of the image, and the batch size to one.",
)
@own_option(GRAPH, "--opset", type=int, default=17, help="Version of the ONNX operator set.")
@overwrite_option
@quiet_option
def export(
    output: str,
    weights: str,
    graph: Literal["fast", "plain"],
    size: str | None,
    opset: int,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Write the network to OUTPUT.onnx, for other programs or for --weights.

    \b
    fast   takes image    uint8   (n, h, w, 3)  RGB, 0 to 255
           gives alpha    float32 (n, h, w)     0 to 1
                 evidence float32 (n, h, w)     its logit
    plain  takes image    float32 (n, 3, h, w)  RGB, 0 to 1
           gives alpha    float32 (n, 1, h, w)  0 to 1
                 logits   float32 (n, 2, h, w)  of background, person

    h and w must be multiples of 32, n can be any number; the graph normalises its input. With
    --weights cityscapes, only fast is available: a second input, wanted (19), selects the classes,
    h and w must be multiples of 128, and alpha has half that size. The file is compared with
    torch before it is put in place.
    """  # noqa: D301 (click takes a backspace for a paragraph not to be wrapped)
    with extra_needed("Exporting"):
        from sinet_video.models.export_onnx import export_onnx

    written = export_onnx(
        output,
        weights=weights,
        graph=graph,
        size=parse_sides(size),
        opset=opset,
        overwrite=overwrite,
    )
    if not quiet:
        click.echo(describe(written), err=True)


def parse_sides(text: str | None) -> tuple[int, int] | None:
    """Read "320x192"; no text is no size."""
    from sinet_video.models.input_settings import InputSize

    if text is None:
        return None
    size = InputSize.parse(text)
    if size.exact is None:
        raise SettingError(f"Size is {text!r}; give a width and height such as 320x192.")
    return size.exact


def describe(written: ExportReport) -> str:
    """Return lines that say what a file is, takes and gives."""
    head = (
        f"Wrote {written.path}: the {written.graph} graph in opset {written.opset}, within "
        f"{written.difference:.1g} of torch."
    )
    takes = [f"  takes {line(port)}" for port in written.inputs]
    gives = [f"  gives {line(port)}" for port in written.outputs]
    free = "h" in written.inputs[0].shape
    note = [f"  h and w must be multiples of {written.step}, n can be any number."] if free else []
    return "\n".join([head, *takes, *gives, *note])


def line(port: Port) -> str:
    """Return what an input or output is: name, type, shape, meaning."""
    shape = ", ".join(map(str, port.shape))
    return f"{port.name}: {port.type} ({shape}), {port.meaning}"
