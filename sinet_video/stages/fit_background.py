"""A background's image brought to the size, shape, format and colours of the frame before it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Literal

import av
import numpy as np

from sinet_video.media.arrays import Array
from sinet_video.media.blend import black, blended
from sinet_video.media.colour import BT709, HDR, HLG, PQ
from sinet_video.media.convert import FINE, matrix_of, range_of, reformat
from sinet_video.media.filter_graph import filter_graph
from sinet_video.media.frame import Frame
from sinet_video.media.hdr import hdr_of

Fit = Literal["cover", "contain", "stretch"]

BT2020 = 9
WIDE = frozenset({BT2020, 11, 12})
"""Primaries, BT.2020 and the two P3, that are too far from those of BT.709 to be taken for them."""

HLG_PEAK = 1000
"""The light of HLG's brightest value in cd/m², as in ITU-R BT.2100. PQ that does not say how bright
it gets is taken to end there too, as browsers take it.
"""


def fit_background(image: Frame, frame: Frame, fit: Fit) -> av.VideoFrame:
    """Return an image converted to a frame's size, format and colours.

    "cover" fills the frame and crops the overhang, "contain" shows the whole image with black bars,
    and "stretch" distorts it. Both are seen as players show them, turned and with their pixels'
    shape. What is transparent in the image is black.
    """
    wide, high, aspect = _as_shown(frame)
    width, height, own = _as_shown(image)
    across, down = wide * aspect / (width * own), high / height
    if fit == "cover":
        across = down = max(across, down)
    elif fit == "contain":
        across = down = min(across, down)
    size = max(1, round(width * own * across / aspect)), max(1, round(height * down))
    columns, rows = image.orientation.stored_size(size)
    same = light_of(image.video) == light_of(frame.video)
    rgb = "rgb24" if same and frame.format.bits <= 8 else "rgb48le"
    scaled = reformat(_opaque(image), width=columns, height=rows, pixel_format=rgb)
    shown = centred(image.orientation.shown(scaled.to_ndarray()), high, wide)
    stored = av.VideoFrame.from_ndarray(frame.orientation.stored(shown), rgb)
    stored.color_primaries = image.video.color_primaries
    stored.color_trc = image.video.color_trc
    return converted(stored, frame.video, _brightest(image.video))


def _brightest(video: av.VideoFrame) -> float:
    """Return how bright the light of a PQ frame gets in cd/m², by what its file says."""
    said = hdr_of(video) if light_of(video)[0] == PQ else None
    if said is not None and said.levels is not None and said.levels[0]:
        return said.levels[0]
    return HLG_PEAK if said is None or said.mastering is None else float(said.mastering.most)


def _opaque(image: Frame) -> av.VideoFrame:
    alpha = image.source_alpha
    return image.video if alpha is None else blended(image, alpha, black(image))


def _as_shown(frame: Frame) -> tuple[int, int, float]:
    """Return a frame's width and height as players turn it, and how wide its pixels are then."""
    wide, high = frame.orientation.stored_size((frame.width, frame.height))
    aspect = frame.sample_aspect
    return wide, high, float(1 / aspect if frame.orientation.sideways else aspect)


def centred(rgb: Array, height: int, width: int) -> Array:
    """Crop or pad with black, evenly on both sides, to (height, width, 3)."""
    for axis, wanted in ((0, height), (1, width)):
        excess = rgb.shape[axis] - wanted
        if excess > 0:
            rgb = np.take(rgb, range(excess // 2, excess // 2 + wanted), axis)
        elif excess < 0:
            fill = [(0, 0)] * 3
            fill[axis] = (-excess // 2, -excess - -excess // 2)
            rgb = np.pad(rgb, fill)
    return np.ascontiguousarray(rgb)


def converted(
    rgb: av.VideoFrame, like: av.VideoFrame, brightest: float = HLG_PEAK
) -> av.VideoFrame:
    """Return an RGB frame in another frame's format and colours.

    Between SDR and HDR, and between wide and ordinary primaries, the light is converted: SDR's
    white becomes HDR's diffuse white, as in ITU-R BT.2408, and what is brighter is compressed. PQ
    goes up to `brightest` cd/m².
    """
    return reformat(
        _in_light_of(rgb, like, brightest),
        pixel_format=like.format.name,
        matrix=matrix_of(like),
        color_range=range_of(like),
        interpolation=FINE,
    )


def _in_light_of(rgb: av.VideoFrame, like: av.VideoFrame, brightest: float) -> av.VideoFrame:
    """Return an RGB frame with the transfer function and primaries of another frame."""
    old, new = light_of(rgb), light_of(like)
    if old[0] == PQ != new[0] and brightest <= HLG_PEAK:
        # libswscale would make room for the 10,000 cd/m² of PQ, and all else darker.
        as_hlg = HLG, old[1]
        rgb, old = _mapped(rgb, old, as_hlg, "relative_colorimetric"), as_hlg
    compresses = old[0] != new[0] and old[0] in HDR and new[0] != PQ
    intent = "perceptual" if compresses else "relative_colorimetric"
    return rgb if old == new else _mapped(rgb, old, new, intent)


Light = tuple[int, int]
"""The H.273 codes of a transfer function and of primaries."""

Kind = tuple[int, int, str, Light, Light, str]
"""A frame's width, height and format, what is converted to what, and by which intent."""


def light_of(video: av.VideoFrame) -> Light:
    """Return how the values of a frame are to be understood as light.

    All of SDR is one, and so are all ordinary primaries. HDR that says no more has BT.2020's.
    """
    transfer = int(video.color_trc) if int(video.color_trc) in HDR else BT709
    said = int(video.color_primaries)
    ordinary = BT2020 if transfer in HDR and said != BT709 else BT709
    return transfer, said if said in WIDE else ordinary


def _mapped(rgb: av.VideoFrame, old: Light, new: Light, intent: str) -> av.VideoFrame:
    rgb.pts = 0
    graph = _graphs.get((rgb.width, rgb.height, rgb.format.name, old, new, intent))
    graph.push(rgb)
    mapped = graph.pull()
    assert isinstance(mapped, av.VideoFrame)  # the graph gives one for each
    return mapped


def _graph(kind: Kind) -> av.filter.Graph:
    """Return libav's conversion of light, which takes a few seconds to prepare."""
    width, height, pixel_format, (transfer, primaries), (wanted, wanted_primaries), intent = kind
    arguments = (
        f"in_transfer={transfer}:in_primaries={primaries}:out_transfer={wanted}"
        f":out_primaries={wanted_primaries}:intent={intent}"
    )
    first = av.VideoFrame(width, height, pixel_format)
    return filter_graph(first, Fraction(1, 25), "scale", arguments)


class _Graphs(threading.local):
    """One graph per kind of conversion and thread."""

    def __init__(self) -> None:
        self.get: Callable[[Kind], av.filter.Graph] = lru_cache(8)(_graph)


_graphs = _Graphs()
