"""Composites: labelled people in front of other rooms, so that a network learns only the person.

A person stands on the lower edge, as in video, at a random place, size and side, with colours
matched to the room's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from sinet_video.errors import SettingError
from sinet_video.media.arrays import Array
from sinet_video.training.generate.cutout import matched, own_colours, soft_edge
from sinet_video.training.generate.faces import Box, FaceFinder, HaarFaces
from sinet_video.training.generate.manifest import Manifest, Source, Values, source_of, with_tuples
from sinet_video.training.generate.placement import PlacingSettings, place, standing
from sinet_video.training.generate.product_folder import (
    Products,
    Progress,
    Rejected,
    check_free,
    new_folder,
    silent,
)
from sinet_video.training.generate.sources import good_images, good_pairs, rejections
from sinet_video.training.image_folder import OnBad, Pair, read_image, read_pair

PEOPLE, BACKGROUNDS = "people", "backgrounds"
"""Names of the folders in the manifest."""

COLOURLESS = 8.0
"""A person counts as gray or tinted if the channels' differences vary by less than this, of 255:
the sum of two standard deviations. EG1800 has hardly anybody between 5 and 12.
"""

TRIES = 20
"""People and backgrounds that are drawn for a product before it is left out."""


@dataclass(frozen=True)
class CompositeSettings:
    """How composites are made.

    Raises `SettingError` for values out of range.

    Attributes:
        canvases: sizes (width, height), one of which is drawn for each image.
        placing: size and position of people.
        light, tint: largest strength, from 0 to 1, with which lightness and chroma follow the
            background; the strength is drawn between 0 and that.
        softness: range of the edge's sigma, in pixels of the canvas.
        zoom: largest enlargement of a background beyond what fills the canvas.
    """

    canvases: tuple[tuple[int, int], ...] = ((384, 216), (320, 240), (240, 320), (216, 384))
    placing: PlacingSettings = PlacingSettings()
    light: float = 0.5
    tint: float = 0.3
    softness: tuple[float, float] = (0.8, 1.6)
    zoom: float = 1.5

    def __post_init__(self) -> None:
        if not self.canvases or any(min(canvas) < 32 for canvas in self.canvases):
            raise SettingError(f"Canvases are {self.canvases}; give some, of 32 pixels or more.")
        for name in ("light", "tint"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingError(
                    f"{name.capitalize()} is {getattr(self, name)}; it must be from 0 to 1."
                )
        if not 0 < self.softness[0] <= self.softness[1] or self.zoom < 1:
            raise SettingError(
                f"Softness is {self.softness} and zoom {self.zoom}; the first must be above 0, the "
                "least first, the second at least 1."
            )


@dataclass(frozen=True)
class Composition:
    """Everything that was drawn for an image; with its three sources it determines every byte.

    Attributes:
        canvas: (width, height).
        photograph: (left, top, right, bottom) of the person's whole photograph on the canvas.
        person_mirrored, background_mirrored: whether they are mirrored first.
        room: (left, top, right, bottom), the part of the background that fills the canvas.
        light, tint: how far the person's colours follow the room's, see `cutout.matched`.
        softness: sigma of the edge in pixels of the canvas.
    """

    canvas: tuple[int, int]
    photograph: tuple[int, int, int, int]
    person_mirrored: bool
    background_mirrored: bool
    room: tuple[float, float, float, float]
    light: float
    tint: float
    softness: float

    @classmethod
    def read(cls, drawn: Values) -> Composition:
        """Return the composition stored in a manifest."""
        return cls(**with_tuples(drawn))


def draw_composition(
    mask: Array, room: tuple[int, int], settings: CompositeSettings, random: np.random.Generator
) -> Composition:
    """Return a composition for a person's mask (H, W) uint8, and a background's (width, height).

    Raises `Rejected` if the person cannot be placed without visible cuts.
    """
    canvas = settings.canvases[random.integers(len(settings.canvases))]
    person_mirrored, background_mirrored = (bool(random.integers(2)) for _ in range(2))
    stand = standing(mask[:, ::-1] if person_mirrored else mask, settings.placing.shown)
    box = place(stand, (mask.shape[1], mask.shape[0]), canvas, settings.placing, random)
    return Composition(
        canvas,
        (box.left, box.top, box.right, box.bottom),
        person_mirrored,
        background_mirrored,
        draw_room(room, canvas, settings.zoom, random),
        light=random.uniform(0, settings.light),
        tint=random.uniform(0, settings.tint),
        softness=random.uniform(*settings.softness),
    )


def draw_room(
    size: tuple[int, int], canvas: tuple[int, int], zoom: float, random: np.random.Generator
) -> tuple[float, float, float, float]:
    """Return the part of a background, (left, top, right, bottom), that fills a canvas.

    Both sizes are (width, height); the part has the canvas's aspect ratio.
    """
    scale = min(size[0] / canvas[0], size[1] / canvas[1]) / random.uniform(1, zoom)
    width, height = canvas[0] * scale, canvas[1] * scale
    left, top = random.uniform(0, size[0] - width), random.uniform(0, size[1] - height)
    return left, top, min(left + width, size[0]), min(top + height, size[1])


def compose(
    image: Array, mask: Array, background: Array, drawn: Composition
) -> tuple[Array, Array]:
    """Return the image (h, w, 3) and its mask (h, w), both uint8, of the canvas's size."""
    if drawn.person_mirrored:
        image, mask = image[:, ::-1], mask[:, ::-1]
    if drawn.background_mirrored:
        background = background[:, ::-1]
    box = Box(*drawn.photograph)
    if is_gray(image[mask > 127]):
        background = as_gray(background)
    colours = scaled(image, (box.width, box.height))
    inside = scaled(mask, (box.width, box.height)) / np.float32(255)
    alpha = on_canvas(soft_edge(inside, drawn.softness), box, drawn.canvas)
    person = on_canvas(own_colours(colours, inside, drawn.softness), box, drawn.canvas)
    room = scaled(background, drawn.canvas, drawn.room).astype(np.float32)
    person = matched(person, alpha, room, drawn.light, drawn.tint)
    mixed = room + alpha[..., None] * (person - room)
    return mixed.round().astype(np.uint8), (alpha * 255).round().astype(np.uint8)


def is_gray(person: Array) -> bool:
    """Whether a person's pixels (N, 3) uint8 have one hue, so that the new room must be gray."""
    red, green, blue = person.astype(np.int16).T
    return float((red - green).std() + (blue - green).std()) < COLOURLESS


def as_gray(image: Array) -> Array:
    """Return an image (H, W, 3) uint8 without colour."""
    return np.asarray(Image.fromarray(np.ascontiguousarray(image)).convert("L").convert("RGB"))


def scaled(
    image: Array, size: tuple[int, int], part: tuple[float, float, float, float] | None = None
) -> Array:
    """Return an image, or part of it (left, top, right, bottom), at a size (width, height)."""
    source = Image.fromarray(np.ascontiguousarray(image))
    return np.asarray(source.resize(size, Image.Resampling.BICUBIC, box=part))


def on_canvas(values: Array, box: Box, canvas: tuple[int, int]) -> Array:
    """Return values (h, w, ...) on a canvas of zeros, with their first corner at a box's."""
    width, height = canvas
    result = np.zeros((height, width, *values.shape[2:]), np.float32)
    seen = Box(max(0, box.left), max(0, box.top), min(width, box.right), min(height, box.bottom))
    offset = Box(
        seen.left - box.left, seen.top - box.top, seen.right - box.left, seen.bottom - box.top
    )
    seen.of(result)[...] = offset.of(values)
    return result


def make_composites(
    people: Path,
    backgrounds: Path,
    output: Path,
    count: int,
    settings: CompositeSettings = CompositeSettings(),
    *,
    seed: int = 0,
    on_bad: OnBad = "skip",
    excluded: frozenset[str] = frozenset(),
    find_faces: FaceFinder | None = None,
    progress: Progress = silent,
) -> Manifest:
    """Place people from a labelled folder in front of images from another, making `count` products.

    Each is drawn from (seed, its number). People who cannot be placed and backgrounds in which
    `find_faces` finds somebody are rejected, and others are drawn; a product is left out after
    `TRIES` of them. The output appears whole or not at all. Raises `InputError`, `OutputError` and
    `SettingError`.
    """
    if count < 1:
        raise SettingError(f"Count is {count}; it must be at least 1.")
    check_free(output)
    pairs, bad = good_pairs(people, on_bad)
    rooms, more = good_images(backgrounds, on_bad)
    folders = {PEOPLE: str(people.absolute()), BACKGROUNDS: str(backgrounds.absolute())}
    manifest = Manifest("composites", asdict(settings), seed, folders)
    manifest.bad = rejections(bad + more)
    find_faces = find_faces or HaarFaces(profiles=False)
    material = Material(people, pairs, backgrounds, rooms, find_faces)
    with new_folder(output) as part:
        products = Products(part, manifest, excluded=excluded, overlaid=False)
        for index in range(count):
            random = np.random.default_rng((seed, index))
            _add_composite(products, f"{index:06}", material, settings, random)
            progress(index + 1, count)
        return products.finish()


@dataclass(frozen=True)
class Material:
    """What composites are made from: folders, their usable files, and a check for empty rooms."""

    people: Path
    pairs: list[Pair]
    backgrounds: Path
    rooms: list[Path]
    find_faces: FaceFinder
    peopled: dict[Path, bool] = field(default_factory=dict)

    def is_peopled(self, room: Path, background: Array) -> bool:
        """Whether there is a face in a background, (H, W, 3) uint8, which is searched once."""
        if room not in self.peopled:
            height, width = background.shape[:2]
            self.peopled[room] = bool(self.find_faces(background, Box(0, 0, width, height)))
        return self.peopled[room]

    def sources(self, pair: Pair, room: Path) -> tuple[Source, ...]:
        """Return the records of a product's three files."""
        return (
            source_of(PEOPLE, self.people, pair.image),
            source_of(PEOPLE, self.people, pair.mask),
            source_of(BACKGROUNDS, self.backgrounds, room),
        )


def _add_composite(
    products: Products,
    name: str,
    material: Material,
    settings: CompositeSettings,
    random: np.random.Generator,
) -> None:
    """Draw people and rooms until someone can be placed."""
    for _ in range(TRIES):
        pair = material.pairs[random.integers(len(material.pairs))]
        room = material.rooms[random.integers(len(material.rooms))]
        background = read_image(room)
        if material.is_peopled(room, background):
            products.reject(f"{name} before {room.stem}", "face in it", background)
            continue
        image, mask = read_pair(pair)
        try:
            size = (background.shape[1], background.shape[0])
            drawn = draw_composition(mask, size, settings, random)
        except Rejected as reason:
            products.reject(f"{name} of {pair.name}", str(reason), image)
            continue
        made = compose(image, mask, background, drawn)
        sources = material.sources(pair, room)
        products.add(name, *made, sources=sources, drawn=asdict(drawn), caption=pair.name)
        return


def render_composite(paths: Sequence[Path], drawn: Values) -> tuple[Array, Array]:
    """Make a product's image, (H, W, 3), and mask, (H, W), again."""
    image, mask = read_pair(Pair(paths[0], paths[1]))
    return compose(image, mask, read_image(paths[2]), Composition.read(drawn))
