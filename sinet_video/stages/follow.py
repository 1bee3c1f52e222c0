"""Following: the network sees only the part of the frame with people in it, so they are larger.

Their position is known from the previous alpha. The whole frame is examined at the start, after a
cut, at regular intervals, and as soon as somebody reaches the border of the view or is no longer
found in it. If nobody is found in the whole frame, its parts are searched. While somebody is
followed, others are looked for in parts of the frame too, and followed in views of their own.
People who fill the frame are segmented as by `segment`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, partial

import numpy as np

from sinet_video.checked import check_kinds
from sinet_video.media.arrays import FloatArray
from sinet_video.media.frame import Frame, Matte
from sinet_video.models.input_settings import InputSize
from sinet_video.models.segmenter import Segmenter, check_segmenter, seen_size
from sinet_video.planes.resample import resized
from sinet_video.planes.scene_change import coarse_luma
from sinet_video.stages.matte_settings import Following
from sinet_video.stages.memory import PART, PartOf, Shots, remembers
from sinet_video.stages.views.box import (
    ALIKE,
    HALVES,
    QUARTERS,
    WHOLE,
    Box,
    fit_view,
    glided,
    joined,
    retargeted,
    widened,
)
from sinet_video.stages.views.search import Others, Scene, attended
from sinet_video.stages.views.second_look import SecondLook
from sinet_video.stages.views.side_views import Side, merged
from sinet_video.stages.views.viewport import CropMatte, CropSegmenter

SURE = 0.65
"""Least `CropMatte.confidence` of a close look at somebody that a search found. False detections in
empty rooms have a median of 0.5; people have 0.75 and more.
"""

WIDER = 1.3
"""How many times larger the view is that a second look takes as well. Of 92 images without people
in which a search found somebody, both agreed in 38; of 177 small people, in 164.
"""

CALM = 1
"""Seconds for which a view does not shrink after somebody was nearly cut off."""


@dataclass(frozen=True)
class Track:
    """Where people are being followed.

    Attributes:
        view: the part of the frame that was examined last.
        target: the part that the view is moving towards.
        time: time of the last frame; None before the first of a shot.
        looked: when the whole frame was last examined.
        widened: when people were last nearly cut off.
        turn: how many parts have been searched while nobody was found.
    """

    view: Box = WHOLE
    target: Box = WHOLE
    time: Fraction | None = None
    looked: Fraction = Fraction(0)
    widened: Fraction | None = None
    turn: int = 0


@remembers(PART, takes=Frame)
def follow(
    frames: Iterable[Frame],
    segmenter: Segmenter,
    following: Following = Following(),
    *,
    size: InputSize = InputSize(),
    part_of: PartOf | None = None,
    second: SecondLook | None = None,
) -> Iterator[Matte]:
    """Yield each frame with the segmenter's alpha, zoomed in on the people in it.

    Use it in place of `segment` when people are small in the frame, some or all of them. If they
    fill the frame, the alpha is that of `segment`, bit for bit. Otherwise it still covers the
    whole frame, (h, w) float32 in [0, 1], on a grid twice as fine. `part_of` returns the part of
    the job that a frame belongs to; the search for people starts over in each part. `second` is
    told how each frame was looked at. Raises `SettingError` as `segment` does.
    """
    check_kinds(following=(following, Following), size=(size, InputSize))
    check_segmenter(segmenter)
    shape: tuple[int, int] | None = None
    shots, track, others = Shots(part_of), Track(), Others()
    for frame in frames:
        shape = shape or seen_size(segmenter, size, frame.shown_aspect)
        luma = coarse_luma(frame, shape if frame.orientation.sideways else shape[::-1])
        if shots.begins(frame, luma):
            track, others = Track(), Others()
        eye = CropSegmenter(frame, segmenter, shape)
        allowed = _zoomed(following, eye.max_zoom(following.zoom))
        seen, track = _update(eye, track, allowed)
        alpha, others = attended(Scene(eye, seen, luma, allowed), others)
        if second is not None:
            second.note(frame, partial(_mirrored, eye, seen.view, others.sides))
        yield Matte(frame, alpha)


def _mirrored(eye: CropSegmenter, view: Box, sides: tuple[Side, ...]) -> FloatArray:
    """Return the alpha of all views with the main one mirrored; what side views show was so before.

    Who is not seen in the whole frame must be seen in a wider view as well.
    """
    alpha = merged(eye.mirrored(view), sides, eye.frame.time)
    if view == WHOLE:
        return alpha
    whole = resized(eye.answer(WHOLE).alpha, alpha.shape)
    wider = merged(eye.mirrored(widened(view, WIDER)), sides, eye.frame.time)
    found: FloatArray = np.where(whole > 0.5, alpha, np.minimum(alpha, resized(wider, alpha.shape)))
    return found


def _update(eye: CropSegmenter, track: Track, following: Following) -> tuple[CropMatte, Track]:
    """Examine a frame, and return the matte and where to look next."""
    now = eye.frame.time
    if track.time is None:
        return _acquire(eye, following)
    view = glided(track.view, track.target, now - track.time)
    track = replace(track, time=now, view=view)
    seen = eye.answer(track.view)
    people = seen.people
    if track.view == WHOLE:
        return _scan(eye, replace(track, looked=now), seen, following)
    if people is None or seen.cuts(people) or now - track.looked >= following.every:
        return _widen(eye, track, seen, following)
    return seen, _retarget(track, people, following)


@cache
def _zoomed(following: Following, zoom: float) -> Following:
    """Return the settings with another largest magnification, without checking them every time."""
    return replace(following, zoom=zoom)


def _acquire(eye: CropSegmenter, following: Following) -> tuple[CropMatte, Track]:
    """Examine a shot's whole first frame, then the people in it, or search for them."""
    now, whole = eye.frame.time, eye.answer(WHOLE)
    track = _retarget(Track(time=now, looked=now), whole.people, following)
    seen = whole if track.target == WHOLE else eye.answer(track.target)
    if seen.people is None:
        seen = _search(eye, HALVES, following) or _search(eye, QUARTERS, following) or whole
    return seen, replace(track, view=seen.view, target=seen.view)


def _scan(
    eye: CropSegmenter, track: Track, whole: CropMatte, following: Following
) -> tuple[CropMatte, Track]:
    """Continue from a look at the whole frame; if nobody is there, search one part of it."""
    people = whole.people
    if people is not None:
        return whole, _retarget(track, people, following)
    part = (HALVES + QUARTERS)[track.turn % len(HALVES + QUARTERS)]
    seen = _search(eye, (part,), following) or whole
    return seen, replace(track, turn=track.turn + 1, view=seen.view, target=seen.view)


def _widen(
    eye: CropSegmenter, track: Track, seen: CropMatte, following: Following
) -> tuple[CropMatte, Track]:
    """Examine the whole frame for people that the view cuts off or misses, and widen the view."""
    now, people = eye.frame.time, seen.people
    track = replace(track, looked=now)
    whole = eye.answer(WHOLE)
    everybody = joined(people, whole.people)
    if everybody is None:
        return seen, replace(track, target=WHOLE)
    cut = people is None or seen.cuts(people)
    if not cut and track.view.contains(everybody):
        return seen, _retarget(track, people, following)
    view = fit_view(everybody, following)
    again = whole if view == WHOLE else eye.answer(view)
    # What a closer look does not find again was nobody.
    if not cut and not (again.people and again.people.iou(everybody) >= ALIKE):
        return seen, _retarget(track, people, following)
    return again, replace(track, view=view, target=view, widened=now)


def _search(eye: CropSegmenter, parts: tuple[Box, ...], following: Following) -> CropMatte | None:
    """Return the matte of everybody found in the parts and confirmed by a closer look."""
    best: CropMatte | None = None
    for part in parts:
        if part.size * following.zoom < 1:
            continue
        seen = eye.answer(part)
        people = seen.people
        if people is None or seen.cuts(people):
            continue
        known = best.people if best else None
        if known is None or not known.contains(people):
            best = _closer(eye, joined(known, people) or people, following) or best
    return best


def _closer(eye: CropSegmenter, people: Box, following: Following) -> CropMatte | None:
    """Return the matte of people in a view of their own, or None if it shows other people."""
    view = fit_view(people, following)
    seen = None if view == WHOLE else eye.answer(view)
    again = seen.people if seen else None
    alike = again is not None and again.iou(people) >= ALIKE
    return seen if seen and alike and seen.confidence >= SURE else None


def _retarget(track: Track, people: Box | None, following: Following) -> Track:
    """Return the track with a target that contains everybody and is not much too large."""
    if people is None:
        return replace(track, target=WHOLE)
    calm = track.widened is None or (track.time or 0) - track.widened >= CALM
    return replace(track, target=retargeted(track.target, people, following, calm=calm))
