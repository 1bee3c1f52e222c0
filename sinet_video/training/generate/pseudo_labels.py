"""Pseudo-labels: portraits labelled by teachers, kept where they are certain and agree.

As in the SINet paper (arXiv 1911.09099, section on additional data), where a larger network
labelled portraits and people reviewed them. Here several networks may be used, each on the image
and its mirror image and at two sizes; people review contact sheets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sinet_video.errors import SettingError
from sinet_video.media.arrays import Array
from sinet_video.models.input_settings import InputSize, OnnxInput, Preprocessing
from sinet_video.models.load import checkpoint_path, load_segmenter
from sinet_video.training.generate.box_agreement import boxes_of, check_boxes
from sinet_video.training.generate.ensemble import Panel, Verdict, judge, label
from sinet_video.training.generate.manifest import (
    Manifest,
    Teacher,
    Values,
    digest,
    source_of,
    with_tuples,
)
from sinet_video.training.generate.product_folder import (
    Products,
    Progress,
    Rejected,
    check_free,
    check_person,
    new_folder,
    silent,
)
from sinet_video.training.generate.sources import good_images, rejections
from sinet_video.training.image_folder import OnBad, read_image

PORTRAITS = "portraits"
"""Name of the folder of images in the manifest."""


@dataclass(frozen=True)
class PseudoSettings:
    """How teachers are asked, and which labels are good enough.

    Raises `SettingError` for values out of range.

    Attributes:
        sizes: sizes at which each teacher sees an image, in pixels, at the image's own aspect
            ratio.
        agreement: least intersection over union of any opinion with the mean one.
        confidence: least share of pixels about which the mean opinion is certain.
        sure: how far from 0 or 1 a certain opinion may be.
        person: range of the share of an image that is person.
        refined: whether labels follow the image's edges, or are only enlarged.
        onnx: input and output of teachers that are ONNX files from elsewhere.
    """

    sizes: tuple[int, ...] = (50_000, 100_000)
    agreement: float = 0.9
    confidence: float = 0.85
    sure: float = 0.1
    person: tuple[float, float] = (0.05, 0.95)
    refined: bool = True
    onnx: OnnxInput = OnnxInput()

    @classmethod
    def read(cls, values: Values) -> PseudoSettings:
        """Return the settings stored in a manifest."""
        wanted = with_tuples(values["onnx"]["preprocessing"])
        onnx = {**values["onnx"], "preprocessing": Preprocessing(**wanted)}
        return cls(**{**with_tuples(values), "onnx": OnnxInput(**onnx)})

    def __post_init__(self) -> None:
        if not self.sizes:
            raise SettingError("There are no sizes to ask teachers at; give at least one.")
        for name in ("agreement", "confidence"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingError(
                    f"{name.capitalize()} is {getattr(self, name)}; it must be from 0 to 1."
                )
        if not 0 < self.sure < 0.5:
            raise SettingError(f"Sure is {self.sure}; it must be above 0 and below 0.5.")
        check_person(*self.person)


def check_verdict(verdict: Verdict, settings: PseudoSettings) -> None:
    """Raise `Rejected` unless a label is good enough."""
    least, most = settings.person
    if not least <= verdict.person <= most:
        raise Rejected("too little person" if verdict.person < least else "too much person")
    if verdict.agreement < settings.agreement:
        raise Rejected(f"agreement {verdict.agreement:.3f}")
    if verdict.confidence < settings.confidence:
        raise Rejected(f"confidence {verdict.confidence:.3f}")


def load_panel(teachers: Sequence[str], settings: PseudoSettings) -> Panel:
    """Return each teacher at each size. Raises `WeightsError`."""
    # One for each size, as a segmenter is prepared for one size at a time.
    return [
        (load_segmenter(name, onnx=settings.onnx), InputSize(size))
        for name in teachers
        for size in settings.sizes
    ]


def described(teachers: Sequence[str]) -> list[Teacher]:
    """Return teachers as a manifest lists them. Raises `WeightsError`."""
    return [Teacher(name, digest(checkpoint_path(name))) for name in teachers]


def label_portraits(
    folder: Path,
    output: Path,
    teachers: Sequence[str] = ("default",),
    settings: PseudoSettings = PseudoSettings(),
    *,
    on_bad: OnBad = "skip",
    excluded: frozenset[str] = frozenset(),
    boxes: Path | None = None,
    progress: Progress = silent,
) -> Manifest:
    """Label a folder of portraits with what teachers agree on and write a labelled folder.

    `teachers` are weights as `load_segmenter` takes them; images are copied as they are. With
    `boxes`, a folder of NAME.txt, labels must agree with these too; see `box_agreement`. Raises
    `InputError`, `WeightsError` and `OutputError`; `output` appears whole or not at all.

    Raises `SettingError` without teachers.
    """
    if not teachers:
        raise SettingError("There are no teachers; give at least one.")
    check_free(output)
    panel = load_panel(teachers, settings)
    paths, bad = good_images(folder, on_bad)
    manifest = Manifest("pseudo-labels", asdict(settings), 0, {PORTRAITS: str(folder.absolute())})
    manifest.teachers, manifest.bad = described(teachers), rejections(bad)
    with new_folder(output) as part:
        products = Products(part, manifest, excluded=excluded)
        for index, path in enumerate(paths):
            _add_label(products, path, panel, settings, boxes)
            progress(index + 1, len(paths))
        return products.finish()


def _add_label(
    products: Products, path: Path, panel: Panel, settings: PseudoSettings, boxes: Path | None
) -> None:
    image = read_image(path)
    verdict = judge(image, panel, sure=settings.sure)
    mask = label(image, verdict.alpha, refined=settings.refined)
    measured = {
        name: round(getattr(verdict, name), 6) for name in ("agreement", "confidence", "person")
    }
    try:
        check_verdict(verdict, settings)
        if boxes:
            check_boxes(mask, boxes_of(path.stem, boxes))
    except Rejected as reason:
        products.reject(path.stem, str(reason), image, mask)
        return
    sources = (source_of(PORTRAITS, path.parent, path),)
    caption = f"{verdict.agreement:.3f} {verdict.confidence:.3f}"
    products.add(
        path.stem, path, mask, sources=sources, drawn={}, measured=measured, caption=caption
    )


def labeller(
    teachers: Sequence[str], settings: PseudoSettings
) -> Callable[[Sequence[Path], Values], tuple[Path, Array]]:
    """Return a function that makes a product's image and mask, (H, W) uint8, again."""
    panel = load_panel(teachers, settings)

    def render(paths: Sequence[Path], _: Values) -> tuple[Path, Array]:
        image = read_image(paths[0])
        verdict = judge(image, panel, sure=settings.sure)
        return paths[0], label(image, verdict.alpha, refined=settings.refined)

    return render
