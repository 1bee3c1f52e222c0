"""Portraits from full-body photographs: crops around the face, drawn at random and judged.

As in the SINet paper (arXiv 1911.09099, section on additional data), where images of whole people
with their masks were cropped to portraits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from sinet_video.errors import SettingError
from sinet_video.media.arrays import Array
from sinet_video.training.generate.faces import Box, FaceFinder, HaarFaces, extent
from sinet_video.training.generate.manifest import Manifest, Source, Values, source_of
from sinet_video.training.generate.product_folder import (
    Products,
    Progress,
    Rejected,
    check_free,
    check_person,
    new_folder,
    silent,
)
from sinet_video.training.generate.sources import good_pairs, rejections
from sinet_video.training.image_folder import OnBad, Pair, read_pair

PEOPLE = "people"
"""Name of the folder of photographs in the manifest."""


@dataclass(frozen=True)
class View:
    """How much of a person an image shows; lengths are in sides of the face's box.

    Attributes:
        name: part of the products' names.
        height: range of the crop's height.
        room: range of the room above the head.
        aspects: width over height; one is drawn among those that fit the photograph.
    """

    name: str
    height: tuple[float, float]
    room: tuple[float, float]
    aspects: tuple[float, ...]


VIEWS = {
    "head": View("head", (2.8, 3.8), (0.15, 0.6), (3 / 4, 1.0, 4 / 3, 16 / 9)),
    "half": View("half", (4.6, 6.2), (0.2, 0.8), (9 / 16, 3 / 4, 1.0, 4 / 3)),
}
"""Head and shoulders, and down to about the hips."""


@dataclass(frozen=True)
class PortraitSettings:
    """What is cropped, and what is good enough.

    Raises `SettingError` for values out of range.

    Attributes:
        views: names of `VIEWS`.
        each: number of crops of each view from one photograph.
        smallest: least short side of a crop in pixels.
        person: range of the share of a crop that is person.
        face: least share of the face's inner part that is person.
        aside: largest distance of the face from the crop's centre, as a share of its width.
    """

    views: tuple[str, ...] = ("head", "half")
    each: int = 1
    smallest: int = 72
    person: tuple[float, float] = (0.15, 0.85)
    face: float = 0.85
    aside: float = 0.15

    def __post_init__(self) -> None:
        for view in self.views:
            if view not in VIEWS:
                raise SettingError(f"View is {view!r}; it must be one of {', '.join(VIEWS)}.")
        if self.each < 1 or self.smallest < 1:
            raise SettingError(
                f"Crops of each view are {self.each} and their smallest side is {self.smallest}; "
                "both must be at least 1."
            )
        check_person(*self.person)
        if not (0 <= self.face <= 1 and 0 <= self.aside <= 0.5):
            raise SettingError(
                f"Face is {self.face} and aside {self.aside}; the first must be from 0 to 1, the "
                "second from 0 to 0.5."
            )


@dataclass(frozen=True)
class Head:
    """The labelled person's head: the face's box, and the first row of hair or hat."""

    face: Box
    top: int


def find_head(
    image: Array, mask: Array, find_faces: FaceFinder, settings: PortraitSettings
) -> tuple[Head, list[Box]]:
    """Return the head that a mask belongs to, and the faces of others.

    `image` is (H, W, 3) and `mask` (H, W), both uint8. Raises `Rejected`.
    """
    person = extent(mask)
    faces = find_faces(image, person) if person.height else []
    if not faces:
        raise Rejected("no face found")
    own = [face for face in faces if _covered(face, mask) >= settings.face]
    if not own:
        raise Rejected("face outside the mask")
    heads = [head for head in (Head(face, _top_of(face, mask)) for face in own) if _is_head(head)]
    if not heads:
        raise Rejected("face not where a head is")
    if heads[0].top < 2:
        raise Rejected("head cut by the photograph")
    others = [face for face in faces if _covered(face, mask) < 0.3]
    return heads[0], others


def _covered(face: Box, mask: Array) -> float:
    """Return the share of a face's inner part, half its sides, that the mask covers."""
    quarter = face.width // 4, face.height // 4
    inner = Box(
        face.left + quarter[0], face.top + quarter[1],
        face.right - quarter[0], face.bottom - quarter[1],
    )  # fmt: skip
    part = inner.of(mask)
    return float((part > 127).mean()) if part.size else 0.0


def _top_of(face: Box, mask: Array) -> int:
    """Return the person's first row above a face."""
    columns = mask[: face.bottom, face.left : face.right] > 127
    return int(np.argmax(columns.any(1)))


def _is_head(head: Head) -> bool:
    """Whether hair or hat above the face are neither missing nor half a body high."""
    above = (head.face.top - head.top) / head.face.height
    return -0.2 < above < 1.3


def draw_crop(
    head: Head,
    view: View,
    shape: tuple[int, ...],
    settings: PortraitSettings,
    random: np.random.Generator,
) -> Box:
    """Return a random crop of a view that lies in a photograph of `shape`.

    Always takes four numbers from `random`. Raises `Rejected`.
    """
    side = head.face.width
    height = round(random.uniform(*view.height) * side)
    top = max(0, head.top - round(random.uniform(*view.room) * side))
    choice, aside = random.random(), random.uniform(-settings.aside, settings.aside)
    aspects = [aspect for aspect in view.aspects if round(height * aspect) <= shape[1]]
    if not aspects or top + height > shape[0]:
        raise Rejected("photograph ends too soon")
    width = round(height * aspects[int(choice * len(aspects))])
    middle = (head.face.left + head.face.right) / 2 + aside * width
    left = min(max(0, round(middle - width / 2)), shape[1] - width)
    return Box(left, top, left + width, top + height)


def judge_crop(
    crop: Box, head: Head, others: list[Box], mask: Array, settings: PortraitSettings
) -> None:
    """Raise `Rejected` unless a crop shows one whole head and enough of a person.

    `mask` is (H, W) uint8.
    """
    if min(crop.width, crop.height) < settings.smallest:
        raise Rejected(f"below {settings.smallest} pixels")
    person = crop.of(mask) > 127
    if not settings.person[0] <= person.mean() <= settings.person[1]:
        least = person.mean() < settings.person[0]
        raise Rejected("too little person" if least else "too little background")
    beside = person[: head.face.bottom - crop.top]
    # A hand above the head must not be cut either.
    if person[0].any() or beside[:, 0].any() or beside[:, -1].any():
        raise Rejected("head or raised arm cut")
    if any(_overlap(crop, face) > 0.5 for face in others):
        raise Rejected("another face beside")


def _overlap(crop: Box, face: Box) -> float:
    """Return the share of a face that lies in a crop."""
    across = min(crop.right, face.right) - max(crop.left, face.left)
    down = min(crop.bottom, face.bottom) - max(crop.top, face.top)
    return max(0, across) * max(0, down) / (face.width * face.height)


def draw_crops(
    image: Array,
    mask: Array,
    find_faces: FaceFinder,
    settings: PortraitSettings,
    key: tuple[int, int],
) -> Iterator[tuple[str, Box | Rejected]]:
    """Yield the name and number of the view, and a crop or the reason why there is none.

    `key`, (seed, index of the photograph), determines what is drawn.

    The image is (h, w, 3) and the mask (h, w), both uint8.
    """
    try:
        head, others = find_head(image, mask, find_faces, settings)
    except Rejected as reason:
        yield "", reason
        return
    random = np.random.default_rng(key)
    for view in settings.views:
        for number in range(1, settings.each + 1):
            try:
                crop = draw_crop(head, VIEWS[view], mask.shape, settings, random)
                judge_crop(crop, head, others, mask, settings)
                yield f"{view}{number}", crop
            except Rejected as reason:
                yield f"{view}{number}", reason


def cut_portraits(
    folder: Path,
    output: Path,
    settings: PortraitSettings = PortraitSettings(),
    *,
    seed: int = 0,
    on_bad: OnBad = "skip",
    excluded: frozenset[str] = frozenset(),
    find_faces: FaceFinder | None = None,
    progress: Progress = silent,
) -> Manifest:
    """Crop portraits from a labelled folder of people, and write them as another labelled folder.

    Products are named after their photograph, with the view and a number. The output appears whole
    or not at all. Raises `InputError` and `OutputError`.
    """
    check_free(output)
    pairs, bad = good_pairs(folder, on_bad)
    find_faces = find_faces or HaarFaces()
    manifest = Manifest("portraits", asdict(settings), seed, {PEOPLE: str(folder.absolute())})
    manifest.bad = rejections(bad)
    with new_folder(output) as part:
        products = Products(part, manifest, excluded=excluded)
        for index, pair in enumerate(pairs):
            image, mask = read_pair(pair)
            crops = draw_crops(image, mask, find_faces, settings, (seed, index))
            sources = tuple(source_of(PEOPLE, folder, path) for path in (pair.image, pair.mask))
            for view, crop in crops:
                name = f"{pair.name}-{view}" if view else pair.name
                _add_crop(products, name, crop, (image, mask), sources)
            progress(index + 1, len(pairs))
        return products.finish()


def _add_crop(
    products: Products,
    name: str,
    crop: Box | Rejected,
    whole: tuple[Array, Array],
    sources: tuple[Source, ...],
) -> None:
    if isinstance(crop, Rejected):
        products.reject(name, str(crop), *whole)
        return
    image, mask = (crop.of(each) for each in whole)
    size = f"{crop.width}x{crop.height}"
    products.add(name, image, mask, sources=sources, drawn=asdict(crop), caption=size)


def render_portrait(paths: Sequence[Path], drawn: Values) -> tuple[Array, Array]:
    """Make a product's image, (H, W, 3), and mask, (H, W), again."""
    image, mask = read_pair(Pair(paths[0], paths[1]))
    crop = Box(**drawn)
    return crop.of(image), crop.of(mask)
