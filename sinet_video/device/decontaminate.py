"""Removal of the old background's colour in torch; see `stages.decontaminate`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from sinet_video.device.grids import averaged, box_sum, cells_of, enlarged, halved, repeated
from sinet_video.device.matte import DeviceMatte
from sinet_video.planes.pyramid import colour_subsampling
from sinet_video.stages.decontaminate import FAR, LITTLE, NEAR


def decontaminate(mattes: Iterable[DeviceMatte]) -> Iterator[DeviceMatte]:
    """Yield each matte with the old background's colour removed from the person's edge."""
    for matte in mattes:
        yield matte.with_planes(edge_colours(matte))


def edge_colours(matte: DeviceMatte) -> list[Tensor]:
    """Return the planes, rounded, with the person's own colours where alpha is partial."""
    frame, alpha, planes = matte.frame, matte.alpha, matte.planes
    factor, top = colour_subsampling(frame), frame.format.top
    small = cells_of(frame, factor, alpha.device)
    colours = blurred_colours(small, averaged(alpha, factor, factor))
    shared = (1, 1), (frame.format.down, frame.format.across)
    alphas = [averaged(alpha, *each) for each in shared]
    made = []
    for index, plane in enumerate(planes):
        down, across = shared[index > 0]
        sides = factor // down, factor // across
        person, room = (enlarged(each, sides, plane.shape) for each in colours[:, index])
        made.append(cleaned(plane, alphas[index > 0], person, room, top))
    return made


def cleaned(mixed: Tensor, alpha: Tensor, person: Tensor, room: Tensor, top: int) -> Tensor:
    """Return the person's colours, (h, w), rounded, in [0, top]; `mixed` where alpha is 0 or 1."""
    rest = 1 - alpha
    amiss = (mixed - alpha * person - rest * room) / (alpha * alpha + rest * rest)
    clean = (person + alpha * amiss).clamp(0, top).round()
    return torch.where((alpha > 0) & (alpha < 1), clean, mixed)


def blurred_colours(small: Tensor, alpha: Tensor) -> Tensor:
    """Return the person's and the room's colours around each cell, (2, planes, h, w).

    `small` is (planes, h, w) and `alpha` (h, w).
    """
    far = round(max(alpha.shape) * FAR / 2) or 1
    half = halved(small)
    both = _weighted_means(half, torch.stack([half, half]), halved(alpha), far)
    both = repeated(both, (2, 2), tuple(alpha.shape))
    for radius in NEAR:
        both = _weighted_means(small, torch.stack(_unmixed(small, alpha, both)), alpha, radius)
    return both


def _unmixed(small: Tensor, alpha: Tensor, both: Tensor) -> tuple[Tensor, Tensor]:
    rest = 1 - alpha
    amiss = (small - alpha * both[0] - rest * both[1]) / (alpha * alpha + rest * rest)
    return both[0] + alpha * amiss, both[1] + rest * amiss


def _weighted_means(small: Tensor, colours: Tensor, alpha: Tensor, radius: int) -> Tensor:
    """Return the weighted means of the person's and the room's colours over windows."""
    shares = torch.stack([alpha, 1 - alpha])[:, None]
    sums = box_sum(colours * shares, radius) + float(LITTLE) * small
    return sums / (box_sum(shares, radius) + float(LITTLE))
