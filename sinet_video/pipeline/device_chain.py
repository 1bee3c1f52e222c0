"""The chain of stages where the runtime is torch: those that have a torch form, on its device.

The first stages are on the coarse grid, and it costs little if one of them is on the CPU. From
`refine` on, whole frames would have to be moved to and fro: once one stage is on the CPU, so are
those after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sinet_video.extras import extra_needed
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.tiled_alpha import TiledAlpha
from sinet_video.models.segmenter import OnDevice, Segmenter
from sinet_video.stages.segment import segment

if TYPE_CHECKING:
    from sinet_video.device.matte import DeviceMatte
    from sinet_video.pipeline.chain import Link, Work
    from sinet_video.pipeline.report import Meter
    from sinet_video.pipeline.settings import Settings

COARSE = frozenset({"smooth", "regions"})
"""Stages on the network's grid."""

IN_TORCH = frozenset({"smooth", "refine", "edge", "decontaminate", "composite", "foreground"})
"""Stages that have a torch form."""

Form = Callable[[Iterator[Any], "Work"], Iterator[Any]]
"""A stage in torch: mattes on the device in and out."""


def torch_stages(links: Sequence[Link], work: Work) -> list[str]:
    """Return the names of the links that run in torch, in order; none for another runtime."""
    if work.torch_device is None:
        return []
    with extra_needed("The torch runtime"):
        from sinet_video.device.trial import working
    able = IN_TORCH & working(work.torch_device)
    # A job that can be resumed stores alpha before it is smoothed, or after.
    able = able if work.smoother is None else able - {"smooth"}
    names: list[str] = []
    for link in links:
        if link.name in able:
            names.append(link.name)
        elif link.name not in COARSE:
            break
    return names


def segment_in_torch(
    frames: Iterator[Frame], segmenter: Segmenter, settings: Settings
) -> Iterator[Matte]:
    """Yield coarse mattes of frames, with alpha left on the device if the network is there."""
    if not isinstance(segmenter, OnDevice):
        return segment(frames, segmenter, size=settings.size)
    from sinet_video.device.segment import segment as on_device

    return on_device(frames, segmenter, size=settings.size)


def chained_in_torch(
    coarse: Iterator[Matte], links: Sequence[Link], work: Work, meter: Meter
) -> Iterator[Matte]:
    """Chain the links, those of `torch_stages` on the device, and the others on the CPU."""
    there = torch_stages(links, work)
    from sinet_video.device.matte import lifted
    from sinet_video.models.devices import opened

    device, forms = opened(work.torch_device or "cpu"), _forms()
    mattes: Iterator[Any] = coarse
    lifts = False
    for link in links:
        if lifts and link.name not in there:
            mattes, lifts = meter.timed("download", _tiled(_lowered(mattes, work))), False
        elif not lifts and link.name in there:
            mattes, lifts = lifted(mattes, device), True
        apply = forms[link.name] if lifts else link.apply
        mattes = meter.timed(link.name, apply(mattes, work))
    if lifts:
        mattes = meter.timed("download", _lowered(mattes, work))
    return mattes


def _lowered(mattes: Iterator[DeviceMatte], work: Work) -> Iterator[Matte]:
    from sinet_video.device.matte import lowered

    return lowered(mattes, prompt=work.prompt)


def _forms() -> dict[str, Form]:
    """Return the torch form of each stage of `IN_TORCH`."""
    from sinet_video.device.composite import foreground
    from sinet_video.device.decontaminate import decontaminate
    from sinet_video.device.edge import shape_edge
    from sinet_video.device.refine import refine
    from sinet_video.device.smooth import smooth

    return {
        "smooth": lambda mattes, work: smooth(mattes, work.settings.smoothing),
        "refine": lambda mattes, work: refine(mattes, work.settings.refinement),
        "edge": lambda mattes, work: shape_edge(mattes, work.settings.edge),
        "decontaminate": lambda mattes, work: decontaminate(mattes),
        "composite": _composite,
        "foreground": lambda mattes, work: foreground(mattes),
    }


def _composite(mattes: Iterator[DeviceMatte], work: Work) -> Iterator[DeviceMatte]:
    from sinet_video.device.composite import composite
    from sinet_video.device.decontaminate import edge_colours

    assert work.look.background is not None  # otherwise the link is not wanted
    colours = edge_colours if work.cleans_in_composite else None
    return composite(mattes, work.look.background, colours=colours)


def _tiled(mattes: Iterator[Matte]) -> Iterator[Matte]:
    """Yield mattes as stages on the CPU are quickest with: alpha of the frame's size in tiles."""
    for matte in mattes:
        alpha = matte.alpha
        whole = alpha.shape == (matte.frame.height, matte.frame.width)
        yield matte.with_alpha(TiledAlpha.of(alpha) if whole else alpha)
