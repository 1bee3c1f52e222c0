"""The contents of a preview, to be drawn as an image or a page, or written as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sinet_video.decoding.clip import Clip
from sinet_video.quality.matte_statistics import FrameStatistics
from sinet_video.quality.plots import clock
from sinet_video.quality.thumbnails import CloseUp, Moment
from sinet_video.words import counted


@dataclass(frozen=True)
class Preview:
    """What a preview found and shows; see `preview`.

    Attributes:
        clip: the clip.
        weights: the name of the weights.
        figures: statistics of each frame's matte.
        moments: the moments shown, in order.
        worst: close-ups of the worst moments.
    """

    clip: Clip
    weights: str
    figures: FrameStatistics
    moments: tuple[Moment, ...]
    worst: tuple[CloseUp, ...]

    @property
    def headline(self) -> str:
        """The clip and how it was examined, in one line."""
        clip, figures = self.clip, self.figures
        length = clock(figures.times[-1] - figures.times[0])
        frames, shots = len(figures.times), len(figures.cuts) + 1
        return (
            f"{clip.width}x{clip.height}, {counted(frames, 'frame')} over {length}, "
            f"{counted(shots, 'shot')}, weights {self.weights}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON, without the images."""
        figures = {name: list(values) for name, values in vars(self.figures).items()}
        worst = [{"kind": w.kind, "time": w.time, "value": w.value} for w in self.worst]
        return {
            "source": str(self.clip.path),
            "weights": self.weights,
            "frames": len(self.figures.times),
            "moments": [moment.time for moment in self.moments],
            "worst": worst,
            **figures,
        }
