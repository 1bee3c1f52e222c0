"""Strokes that people paint over a clip, and where each of them is at a time."""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, get_args

from sinet_video.errors import SettingError

Kind = Literal["garbage", "core", "erase"]
"""What a stroke says: this must go, this must stay, nothing is said here any more."""

Shape = Literal["brush", "rectangle", "polygon"]
"""How a stroke's points are meant; see `Stroke`."""

MOST_STROKES, MOST_POINTS, MOST_MOVES = 500, 2000, 500
"""As many as a clip may have, a stroke, and a stroke again."""

Point = tuple[float, float]
"""x and y, as shares of the frame's width and height."""


@dataclass(frozen=True)
class Place:
    """Where a stroke is at a time, from where it was painted.

    Attributes:
        time: in seconds after the first frame.
        x, y: how far its middle moved, in shares of the frame's width and height.
        scale: how many times as large it is.
        turn: by how much it is turned, clockwise as shown, in radians.
    """

    time: float
    x: float = 0.0
    y: float = 0.0
    scale: float = 1.0
    turn: float = 0.0


@dataclass(frozen=True)
class Track:
    """What a followed stroke did: its place in every frame, until the shot ends.

    Attributes:
        places: one for each frame.
        end: when the stroke no longer counts, as another shot begins; None for the clip's end.
        lost: since when what it follows could not be found, if so; it stays in its place there.
    """

    places: tuple[Place, ...]
    end: float | None = None
    lost: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON; places as lists."""
        rows = [[p.time, p.x, p.y, p.scale, p.turn] for p in self.places]
        return {"places": rows, "end": self.end, "lost": self.lost}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Track:
        """Return what `to_dict` gave."""
        return cls(tuple(Place(*row) for row in data["places"]), data["end"], data["lost"])


@dataclass(frozen=True)
class Stroke:
    """One stroke, in shares of the frame as shown.

    Raises `SettingError` for values that cannot be.

    Attributes:
        kind: what it says.
        shape: how its points are meant: a line of some width, two opposite corners, or corners.
        points: x and y of each, in [0, 1] and a little beyond.
        radius: half the width of a brush, as a share of the frame's longer side.
        start, end: from when until when it counts, in seconds after the first frame; no end is the
            clip's.
        at: when it was painted.
        follows: whether it follows what it was painted on, within that time and its shot.
        moves: where it was moved to by hand: time, and how far, as in `Place`. In between, it moves
            evenly, or as what it follows does, corrected evenly.
    """

    kind: Kind
    shape: Shape
    points: tuple[Point, ...]
    radius: float = 0.02
    start: float = 0.0
    end: float | None = None
    at: float = 0.0
    follows: bool = False
    moves: tuple[tuple[float, float, float], ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind) or self.shape not in get_args(Shape):
            raise SettingError(
                f"A stroke is {self.kind!r}, {self.shape!r}; it must be one of "
                f"{', '.join(get_args(Kind))}, and one of {', '.join(get_args(Shape))}."
            )
        least = {"brush": 1, "rectangle": 2, "polygon": 3}[self.shape]
        if not least <= len(self.points) <= MOST_POINTS:
            raise SettingError(
                f"A {self.shape} has {len(self.points)} points; it must have {least} to "
                f"{MOST_POINTS}."
            )
        numbers = [*(value for point in self.points for value in point), self.radius]
        if not all(-1 <= value <= 2 for value in numbers) or not 0 < self.radius <= 1:
            raise SettingError("A stroke lies outside the frame; give shares of it, from 0 to 1.")
        self._check_times()

    def _check_times(self) -> None:
        times = [self.at, *(time for time, _, _ in self.moves)]
        if len(self.moves) > MOST_MOVES or not all(0 <= time < 1e7 for time in times):
            raise SettingError(
                f"A stroke must be painted and moved at 0 or later, at most {MOST_MOVES} times."
            )
        if not all(abs(value) <= 2 for _, *move in self.moves for value in move):
            raise SettingError("A stroke is moved out of the frame; move it by shares of it.")
        if not isinstance(self.follows, bool):
            raise SettingError("follows must be true or false.")
        if not self.start >= 0 or (self.end is not None and not self.end > self.start):
            raise SettingError("A stroke must end after it starts, and start at 0 or later.")

    @classmethod
    def parse(cls, data: object) -> Stroke:
        """Read what came as JSON. Raises `SettingError`."""
        try:
            given = dict(data)  # type: ignore[call-overload]  # what is no mapping raises
            _check_names(given)
            points = tuple((_number(x), _number(y)) for x, y in given.pop("points"))
            start, end = _number(given.pop("start", 0)), given.pop("end", None)
            radius, at = _number(given.pop("radius", 0.02)), _number(given.pop("at", 0))
            moves = tuple(
                (_number(t), _number(x), _number(y)) for t, x, y in given.pop("moves", ())
            )
            return cls(
                given.pop("kind"), given.pop("shape"), points, radius, start,
                None if end is None else _number(end), at, moves=moves, **given,
            )  # fmt: skip
        except SettingError:
            raise
        except (TypeError, ValueError, KeyError) as error:
            raise SettingError(
                "A stroke must have a kind, a shape and points, pairs of numbers; radius, start, "
                "end, at, follows and moves may be given."
            ) from error

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self)

    @property
    def followed(self) -> Stroke:
        """The same stroke without what makes no difference to how it is followed."""
        return replace(self, kind="garbage", moves=())

    @property
    def middle(self) -> Point:
        """The middle of its points."""
        xs, ys = zip(*self.points, strict=True)
        return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2

    def place(self, time: float, track: Track | None = None) -> Place | None:
        """Return where it is at a time, or None where it does not count."""
        if not self.start <= time or (self.end is not None and time >= self.end):
            return None
        if track is None or not track.places:
            return _moved(Place(time), self._corrections(None), time)
        first = track.places[0].time
        if time < first - ROUNDING or (track.end is not None and time >= track.end - ROUNDING):
            return None
        return _moved(_tracked(track, time), self._corrections(track), time)

    def _corrections(self, track: Track | None) -> list[tuple[float, float, float]]:
        """Return by how much it has to be moved at the times when somebody said where it is."""
        corrections = {self.at: (0.0, 0.0)}
        for time, x, y in sorted(self.moves):
            there = _tracked(track, time) if track and track.places else Place(time)
            corrections[time] = x - there.x, y - there.y
        return [(time, *corrections[time]) for time in sorted(corrections)]

    def changes(self, track: Track | None) -> Iterator[float]:
        """Yield the times from which it is elsewhere, or counts or no longer does."""
        yield from (each for each in (self.start, self.end) if each is not None)
        if track is not None:
            yield from (place.time for place in track.places)
            yield from (track.end,) if track.end is not None else ()


@dataclass(frozen=True)
class Painting:
    """Everything painted over a clip.

    Attributes:
        strokes: in the order in which they were painted.
        tracks: of those that follow something, by `Stroke.followed`.
    """

    strokes: tuple[Stroke, ...] = ()
    tracks: Mapping[Stroke, Track] = field(default_factory=dict)

    @property
    def untracked(self) -> list[Stroke]:
        """What is still to be followed."""
        wanted = dict.fromkeys(s.followed for s in self.strokes if s.follows)
        return [stroke for stroke in wanted if stroke not in self.tracks]

    def track(self, stroke: Stroke) -> Track | None:
        """Return what a stroke did, if it follows something."""
        return self.tracks.get(stroke.followed) if stroke.follows else None

    def to_list(self) -> list[dict[str, Any]]:
        """Return plain values, for JSON, each stroke with its track."""
        pairs = ((stroke, self.track(stroke)) for stroke in self.strokes)
        return [{**s.to_dict(), "track": track and track.to_dict()} for s, track in pairs]


ROUNDING = 1e-4
"""Seconds by which times may be rounded on their way."""


def _tracked(track: Track, time: float) -> Place:
    """Return the place in the frame that is shown at a time, or the nearest there is."""
    index = bisect.bisect_right(track.places, time + ROUNDING, key=lambda place: place.time)
    return track.places[max(0, index - 1)]


def _moved(place: Place, moves: Sequence[tuple[float, float, float]], time: float) -> Place:
    """Return a place moved as at that time, evenly between the times that are given."""
    after = bisect.bisect_right(moves, time, key=lambda move: move[0])
    low, high = moves[max(0, after - 1)], moves[min(after, len(moves) - 1)]
    share = (time - low[0]) / (high[0] - low[0]) if high[0] > low[0] and time > low[0] else 0.0
    x, y = (low[i] + min(1.0, share) * (high[i] - low[i]) for i in (1, 2))
    return replace(place, x=place.x + x, y=place.y + y)


def _check_names(given: Mapping[str, object]) -> None:
    known = [each.name for each in fields(Stroke)]
    unknown = next((name for name in given if name not in known), None)
    if unknown is not None:
        raise SettingError(
            f"A stroke has no field {str(unknown)[:40]!r}; there are {', '.join(known)}."
        )


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError
    return float(value)


def parse_strokes(data: object) -> tuple[Stroke, ...]:
    """Read a list of strokes from JSON. Raises `SettingError`."""
    if not isinstance(data, list) or len(data) > MOST_STROKES:
        raise SettingError(f"The strokes must be a list of at most {MOST_STROKES}.")
    return tuple(map(Stroke.parse, data))
