"""The background behind the person, recovered from footage with true alpha."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from sinet_video.decoding.decode import decode
from sinet_video.decoding.matte_file import read_alphas
from sinet_video.media.arrays import Array
from sinet_video.media.frame import Frame
from sinet_video.planes.box_filter import box_sum
from sinet_video.training.evaluate.clips import TrueClip, list_clips

Planes = list[Array]
"""Y, U and V as float32, or alpha at the samples of each; NaN where unknown."""

REACH = 12
"""Largest movement of the camera from frame to frame, in pixels."""


@dataclass(frozen=True)
class Footage:
    """A clip's frames, its true alpha (H, W), and the planes of the background for each frame."""

    name: str
    frames: list[Frame]
    alphas: list[Array]
    rooms: list[Planes]


def shares(alpha: Array) -> Planes:
    """Return alpha at the samples of 4:2:0 planes; sides must be even."""
    rows = (alpha[::2] + alpha[1::2]) / 2
    chroma = (rows[:, ::2] + rows[:, 1::2]) / 2
    return [alpha, chroma, chroma]


def samples(frame: Frame) -> Planes:
    """Return a frame's planes as float32."""
    return [plane.astype(np.float32) for plane in frame.planes]


def known(room: Planes) -> Array:
    """Return where a room's luma and chroma are known, (H, W) bool."""
    chroma = np.isfinite(room[1]).repeat(2, 0).repeat(2, 1)
    both: Array = np.isfinite(room[0]) & chroma
    return both


def band(alpha: Array) -> Array:
    """Return where true alpha is partial, and two pixels around that: (H, W) bool."""
    partial = (alpha > 0.02) & (alpha < 0.98)
    return box_sum(partial.astype(np.int32), 2) > 0


def overlap(shift: int, length: int) -> tuple[slice, slice]:
    """Return the columns of two frames that show the same, `shift` to the left in the second."""
    first = slice(max(0, shift), min(length, length + shift))
    return first, slice(max(0, -shift), min(length, length - shift))


def moved(before: Array, after: Array) -> int:
    """Return how many pixels the room moved to the right, using luma that is NaN on the person."""

    def mismatch(shift: int) -> float:
        one, other = overlap(shift, after.shape[1])
        return float(np.nanmean(np.abs(after[:, one] - before[:, other])))

    return min(range(-REACH, REACH + 1), key=mismatch)


def panned(frames: list[Frame], alphas: list[Array]) -> list[Planes]:
    """Return the room of each frame, assembled from all frames in which it is visible.

    The camera moves sideways by whole pixels. Chroma of odd and even positions is kept apart, as
    its samples lie between others.
    """
    seen = []
    for frame, alpha in zip(frames, alphas, strict=True):
        pairs = zip(samples(frame), shares(alpha), strict=True)
        seen.append([np.where(share == 0, plane, np.nan) for plane, share in pairs])
    places = [0]
    for before, after in pairwise(seen):
        places.append(places[-1] - moved(before[0], after[0]))
    starts = [place - min(places) for place in places]
    strips = [_strip([each[p] for each in seen], starts, 1 + (p > 0)) for p in range(3)]
    return [
        [_window(strip, start, plane.shape[1]) for strip, plane in zip(strips, each, strict=True)]
        for each, start in zip(seen, starts, strict=True)
    ]


Strip = dict[int, Array]
"""Everything that was visible of a room, in samples of a plane; one for each subsample position."""


def _strip(seen: list[Array], starts: list[int], shared: int) -> Strip:
    height, width = seen[0].shape
    made = {}
    for phase in range(shared):
        own = [i for i, start in enumerate(starts) if start % shared == phase]
        total = np.zeros((2, height, width + max(starts) // shared), np.float64)
        for index in own:
            place = starts[index] // shared
            known = np.isfinite(seen[index])
            total[0, :, place : place + width] += np.where(known, seen[index], 0)
            total[1, :, place : place + width] += known
        with np.errstate(invalid="ignore"):
            made[phase] = (total[0] / total[1]).astype(np.float32)
    return made


def _window(strip: Strip, start: int, width: int) -> Array:
    shared = len(strip)
    return strip[start % shared][:, start // shared : start // shared + width]


def by_other(frames: list[Frame], alphas: list[Array], other: Footage) -> list[Planes]:
    """Return the room of a still camera, using another clip of the same person with a known room.

    The frames differ by (1 - alpha) times the difference of their rooms.
    """
    totals = [np.zeros((2, *plane.shape)) for plane in frames[0].planes]
    for frame, alpha, twin, room in zip(frames, alphas, other.frames, other.rooms, strict=True):
        mine, theirs = samples(frame), samples(twin)
        for index, share in enumerate(shares(alpha)):
            rest = 1 - share
            behind = rest * room[index] + mine[index] - theirs[index]
            known = np.isfinite(behind)
            totals[index][0] += np.where(known, rest * behind, 0)
            totals[index][1] += np.where(known, rest * rest, 0)
    # What never shows through does not matter.
    still = [np.where(rest > 0, up / np.maximum(rest, 1e-9), 128) for up, rest in totals]
    return [[plane.clip(0, 255).astype(np.float32) for plane in still]] * len(frames)


def read(pair: TrueClip) -> Footage:
    """Read a clip, and recover its room as far as the clip shows it."""
    frames, alphas = list(decode(pair.clip)), list(read_alphas(pair.truth))
    return Footage(pair.clip.stem, frames, alphas, panned(frames, alphas))


def known_share(footage: Footage) -> float:
    """Return the share of the band in which the room is known."""
    told = [
        known(room)[band(alpha)] for room, alpha in zip(footage.rooms, footage.alphas, strict=True)
    ]
    return float(np.concatenate(told).mean())


def all_footage(folder: Path) -> list[Footage]:
    """Return the clips of a folder with their rooms, as far as they can be recovered."""
    found = [read(pair) for pair in list_clips(folder)[0]]
    best = max(found, key=known_share)
    return [each if each is best else _helped(each, best) for each in found]


def _helped(footage: Footage, other: Footage) -> Footage:
    if not np.array_equal(footage.alphas, other.alphas):
        return footage
    rooms = by_other(footage.frames, footage.alphas, other)
    return replace(footage, rooms=rooms)
