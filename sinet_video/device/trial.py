"""Which stages a device can do: torch has operations that some devices lack, or do wrongly.

The CPU and CUDA do all of them. Any other device, such as Apple's MPS, is tried on a small frame,
and a stage that fails there, or that gives other numbers than the CPU, is left to the CPU.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache

import av
import numpy as np
import torch
from numpy.typing import NDArray

from sinet_video.device.composite import composite, foreground
from sinet_video.device.decontaminate import decontaminate
from sinet_video.device.edge import shape_edge
from sinet_video.device.matte import DeviceMatte, lifted, lowered
from sinet_video.device.refine import refine
from sinet_video.device.smooth import smooth
from sinet_video.media.convert import planes_of
from sinet_video.media.frame import Frame, Matte
from sinet_video.models.devices import opened
from sinet_video.stages.backgrounds import ColourBackground
from sinet_video.stages.matte_settings import EdgeShape, GuidedRefinement, WindowMean

LOGGER = logging.getLogger("sinet_video")

WIDTH, HEIGHT = 352, 256
"""Of the frame that is tried: larger than the grids that refinement works on."""

CLOSE = 1.5 / 255
"""How far alpha may be from the CPU's, and samples, as a share of all values."""

TRUSTED = ("cpu", "cuda")
"""Kinds of device that are not tried."""

Stage = Callable[[Iterator[DeviceMatte]], Iterator[DeviceMatte]]

STAGES: dict[str, Stage] = {
    "smooth": lambda mattes: smooth(mattes, WindowMean(1)),
    "refine": lambda mattes: refine(mattes, GuidedRefinement()),
    "edge": lambda mattes: shape_edge(mattes, EdgeShape(1.5, 2)),
    "decontaminate": decontaminate,
    "composite": lambda mattes: composite(mattes, ColourBackground(0, 255, 0)),
    "foreground": foreground,
}
"""Each stage in torch, as it is tried."""


@lru_cache(8)
def working(device: str) -> frozenset[str]:
    """Return the names of the stages that a device can do."""
    place = opened(device)
    if place.type in TRUSTED:
        return frozenset(STAGES)
    able = frozenset(name for name, stage in STAGES.items() if _works(stage, place, name))
    for name in STAGES.keys() - able:
        LOGGER.info("The device %s cannot do the stage %s; the CPU does.", device, name)
    return able


def _works(stage: Stage, place: torch.device, name: str) -> bool:
    coarse = name in ("smooth", "refine")
    try:
        there = _tried(stage, place, coarse=coarse)
    except (NotImplementedError, RuntimeError, TypeError):
        return False
    here = _tried(stage, torch.device("cpu"), coarse=coarse)
    return all(np.abs(a - b).max() <= CLOSE for a, b in zip(there, here, strict=True))


def _tried(stage: Stage, place: torch.device, *, coarse: bool) -> list[NDArray[np.float32]]:
    """Return alpha and the planes, all in [0, 1], that a stage makes of two small frames."""
    made: list[NDArray[np.float32]] = []
    for matte in lowered(stage(lifted(_trial_mattes(coarse=coarse), place))):
        planes = (plane.astype(np.float32) / np.float32(255) for plane in matte.frame.planes)
        made += [matte.alpha, *planes]
    return made


def _trial_mattes(*, coarse: bool) -> Iterator[Matte]:
    """Yield a soft disc on a ramp, twice, a little apart."""
    for index in range(2):
        video = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for plane in planes_of(video):
            plane[...] = _soft_disc(*plane.shape, shift=index) * 150 + 40
        size = (HEIGHT // 4, WIDTH // 4) if coarse else (HEIGHT, WIDTH)
        yield Matte(Frame(video, index, Fraction(1, 25)), _soft_disc(*size, shift=index))


def _soft_disc(*shape: int, shift: int) -> NDArray[np.float32]:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    far = np.hypot(rows / shape[0] - 0.5, columns / shape[1] - 0.5 - shift / 100)
    soft: NDArray[np.float32] = np.clip((0.3 - far) * 20 + 0.5, 0, 1).astype(np.float32)
    return soft
