"""Strokes that follow what they were painted on, from frame to frame until the shot ends.

The pixels below and around a stroke are aligned with each frame. Run as
`python -m sinet_video.serve.painting.tracking CLIP STROKES TRACKS`, the latter two JSON files.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from sinet_video.decoding.clip import Clip
from sinet_video.decoding.decode import decode
from sinet_video.decoding.probe import probe
from sinet_video.errors import InputError, SinetVideoError
from sinet_video.media.arrays import Array
from sinet_video.media.colour import LUMA
from sinet_video.media.frame import Frame
from sinet_video.media.time_range import TimeRange
from sinet_video.planes.box_filter import box_mean
from sinet_video.planes.scene_change import is_cut
from sinet_video.serve.painting.alignment import Pose, Pyramid, Template, align
from sinet_video.serve.painting.mattes import cover_of
from sinet_video.serve.painting.strokes import Place, Stroke, Track, parse_strokes
from sinet_video.serve.stack import even_size, image_of

SIDE = 480
"""The longer side of the frames that are compared, in pixels."""

FARTHEST = 60.0
"""Seconds that a stroke is followed on each side of the frame it was painted on."""

RIM = 5
"""Pixels around a stroke that are looked at too."""

RENEW, LOST = 9.0, 22.0
"""Median differences, in 8-bit steps: above the first a stroke is matched with how it looks now
from then on, above the second it is not found."""

CHUNK = Fraction(2)
"""Seconds that are decoded at a time to go backwards."""


def follow(frames: Iterable[Pyramid], template: Template, points: Array) -> Iterator[Pose | None]:
    """Yield where a template is in each of some frames, None where it is not found.

    `points` are (n,) complex: x + iy in pixels from the template's middle.
    """
    pose, before = Pose(), Pose()
    for frame in frames:
        ahead = Pose(pose.turn, 2 * pose.shift - before.shift)
        found = align(template, frame, (ahead, pose))
        if found[1] > LOST or not 0.2 < abs(found[0].turn) < 5:
            before = pose
            yield None
            continue
        before, pose = pose, found[0]
        if found[1] > RENEW:
            template = Template(frame, points, template.middle, pose)
        yield pose


def tracked(clip: Clip, stroke: Stroke) -> Track:
    """Return a stroke's places in the frames of its shot. Raises `InputError`."""
    decoded = _forward(clip, stroke)
    time, luma = next(decoded, (0.0, None))
    if luma is None:
        raise InputError(f"There is no frame at {stroke.at:g} s to follow from.")
    first = Pyramid(luma)
    shape = first.planes[0].shape
    points, middle = _pixels(stroke, shape)
    template = Template(first, points, middle, Pose())
    after, end = _followed(_shot(decoded, first), template, points)
    before, _ = _followed(_shot(_backward(clip, stroke), first), template, points)
    places = [*reversed(before), (time, Pose()), *after]
    lost = next((moment for moment, pose in after if pose is None), None)
    return Track(tuple(_places(places, shape)), end or stroke.end, lost)


def _followed(
    frames: Iterator[tuple[float, Pyramid | None]], template: Template, points: Array
) -> tuple[list[tuple[float, Pose | None]], float | None]:
    """Return the pose at each time, and the time at which another shot begins, if one does."""
    times: list[float] = []
    end: list[float] = []

    def planes() -> Iterator[Pyramid]:
        for time, frame in frames:
            if frame is None:
                end.append(time)
                return
            times.append(time)
            yield frame

    poses = list(follow(planes(), template, points))
    return list(zip(times, poses, strict=True)), end[0] if end else None


def _places(found: list[tuple[float, Pose | None]], shape: tuple[int, ...]) -> Iterator[Place]:
    """Yield places; where it is not found it stays in the one before."""
    pose = next((pose for _, pose in found if pose is not None), Pose())
    for time, new in found:
        pose = new or pose
        yield Place(
            round(time, 6), round(pose.shift.real / shape[1], 6),
            round(pose.shift.imag / shape[0], 6), round(abs(pose.turn), 6),
            round(float(np.angle(pose.turn)), 6),
        )  # fmt: skip


def _pixels(stroke: Stroke, shape: tuple[int, ...]) -> tuple[Array, complex]:
    """Return the pixels below and around a stroke, from its middle, and that middle."""
    cover = cover_of(stroke, Place(stroke.at), (shape[0], shape[1]))
    rows, columns = np.nonzero(box_mean(cover, RIM) > 0.01)
    middle = complex(stroke.middle[0] * shape[1], stroke.middle[1] * shape[0])
    points = columns + 0.5 + 1j * (rows + 0.5) - middle
    # In no order, so that any part of them is spread over the whole.
    return np.random.default_rng(1).permutation(points), middle


def _shot(
    frames: Iterable[tuple[float, Array]], first: Pyramid
) -> Iterator[tuple[float, Pyramid | None]]:
    """Yield frames until another shot begins, then its time and None."""
    before = _small(first)
    for time, luma in frames:
        frame = Pyramid(luma)
        small = _small(frame)
        if is_cut(before, small):
            yield time, None
            return
        before = small
        yield time, frame


def _small(frame: Pyramid) -> Array:
    small: Array = np.ascontiguousarray(frame.planes[2] / 255, np.float32)
    return small


def _forward(clip: Clip, stroke: Stroke) -> Iterator[tuple[float, Array]]:
    last = min(stroke.at + FARTHEST, stroke.end or np.inf)
    yield from _decoded(clip, Fraction(stroke.at), Fraction(last))


def _backward(clip: Clip, stroke: Stroke) -> Iterator[tuple[float, Array]]:
    end, first = Fraction(stroke.at), Fraction(max(stroke.start, stroke.at - FARTHEST))
    while end > first:
        begin = max(first, end - CHUNK)
        yield from reversed(list(_decoded(clip, begin, end)))
        end = begin


def _decoded(clip: Clip, begin: Fraction, end: Fraction) -> Iterator[tuple[float, Array]]:
    """Yield the frames of a time, in seconds after the first frame."""
    start, hair = clip.start * clip.time_base, Fraction(1, 1000)
    low = start + begin - hair
    part = clip.within(TimeRange(low if low > 0 else None, start + end - hair))
    for frame in decode(part, on_error="conceal"):
        time = float(frame.time + part.span.shift - start)
        if time >= float(begin) - 2e-3:
            yield time, _luma(frame)


def _luma(frame: Frame) -> Array:
    image = image_of(frame, even_size(frame, SIDE)).astype(np.float32)
    luma: Array = image @ np.array(LUMA, np.float32)
    return luma


def main(source: str, strokes: str, tracks: str) -> int:
    """Follow the strokes of a JSON file over a clip, and write their tracks to another."""
    try:
        clip = probe(source)
        wanted = parse_strokes(json.loads(Path(strokes).read_text("utf-8")))
        found = [tracked(clip, stroke).to_dict() for stroke in wanted]
    except SinetVideoError as error:
        sys.stderr.write(f"sinet-video: {error.message}\n")
        return 1
    Path(tracks).write_text(json.dumps(found), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
