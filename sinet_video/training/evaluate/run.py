"""Evaluation of several places with several methods, and a drawing of the worst results."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np

from sinet_video.containers.numbering import SUFFIXES
from sinet_video.decoding.access import Source
from sinet_video.errors import InputError, OutputError, Remedy, SettingError
from sinet_video.pipeline.settings import Settings
from sinet_video.training.contact_sheet import Tile, draw_sheet
from sinet_video.training.datasets import Data
from sinet_video.training.evaluate.clips import (
    Stage,
    TrueClip,
    evaluate_clip,
    evaluate_matte,
    list_clips,
    staged,
    truth_of,
)
from sinet_video.training.evaluate.examples import Example
from sinet_video.training.evaluate.images import (
    Predict,
    by_flow,
    by_network,
    evaluate_empty,
    evaluate_folder,
    from_folder,
)
from sinet_video.training.evaluate.scores import (
    EmptyFigures,
    FrameFigures,
    ImageFigures,
    Scores,
    mean_of,
)
from sinet_video.training.image_folder import Bad, OnBad
from sinet_video.training.samples.photographs import set_aside

Measure = Callable[..., Scores]
"""`evaluate_folder` or `evaluate_empty`."""

COLUMNS = 5
TILE_SIDE = 400
BLANK = Tile(np.zeros((1, 1, 3), np.uint8), "")

Count = Callable[[int, int | None], None]
"""Called with the number of measured images or frames, and the total, if known."""

Watch = Callable[[str], AbstractContextManager[Count]]
"""Given what is measured now, returns a context manager that counts until it is done."""


def unwatched(what: str) -> AbstractContextManager[Count]:
    """Show nothing of what is measured."""
    return nullcontext(lambda done, total: None)


class Evaluation:
    """Measures one place after another with each of some methods, and collects the scores.

    `methods` are settings, each with a name; for each, the mattes of `stages` are measured. With
    `predictions`, a folder of mattes NAME.png, those are measured instead of a network's. `names`
    are the only images of a folder to measure. What cannot be measured is left out and listed in
    `bad`, or raises `InputError` with `on_bad` "refuse"; `skipped` is called with it. `watch` shows
    the progress.
    """

    def __init__(
        self,
        methods: list[tuple[str, Settings]],
        stages: tuple[Stage, ...],
        *,
        predictions: str | None = None,
        names: frozenset[str] | None = None,
        on_bad: OnBad = "skip",
        watch: Watch = unwatched,
        skipped: Callable[[Bad], None] = lambda bad: None,
    ) -> None:
        self._methods, self._loaded = methods, dict[bool, list[tuple[str, Settings]]]()
        self._stages, self._predictions = stages, predictions
        self._names, self._on_bad = names, on_bad
        self._watch, self._skipped = watch, skipped
        self._found: list[Scores] = []
        self.bad: list[Bad] = []

    def results(self) -> list[Scores]:
        """Return the scores, with means over clips. Raises `InputError` if there are none."""
        if not self._found:
            raise InputError(f"Nothing can be measured: {self.bad[0].path}: {self.bad[0].reason}")
        clips = [scores for scores in self._found if isinstance(scores.mean, FrameFigures)]
        return self._found + mean_of(clips)

    def matte(self, made: Source, truth: Source) -> None:
        """Compare a matte video with a true one."""
        with self._watch(Path(made.path).name) as progress:
            scores = evaluate_matte(made, truth, method="given", progress=progress)
        self._found.append(scores)

    def place(self, path: Path) -> None:
        """Measure a folder of images, a folder of clips or a clip.

        Raises `SettingError` and `InputError`.
        """
        if (path / "images").is_dir():
            self._images(path, evaluate_folder, self._names)
            return
        clips, bad = _clips(path)
        if self._predictions:
            raise SettingError(
                f"Predictions are of images, and {path} holds clips; compare a matte video with "
                "a true one instead."
            )
        for item in bad:
            self._note(item)
        for clip in clips:
            self._clip(clip)

    def empty(self, folder: Path) -> None:
        """Measure a folder of images in which nobody is."""
        self._images(folder, evaluate_empty, self._names)

    def set_aside(self, data: Data, root: Path) -> None:
        """Measure what a recipe keeps from its training, of each of its folders."""
        for aside in set_aside(data, root):
            measure = evaluate_empty if aside.empty else evaluate_folder
            self._images(aside.folder, measure, aside.names, f", {aside.use}")

    def _images(
        self, folder: Path, measure: Measure, names: frozenset[str] | None, use: str = ""
    ) -> None:
        for name, predict in self._predicts():
            with self._watch(f"{name}, {folder.name}") as progress:
                scores = measure(
                    folder,
                    predict,
                    method=name,
                    names=names,
                    on_bad=self._on_bad,
                    progress=progress,
                )
            self._found.append(replace(scores, data=f"{scores.data}{use}"))
            for item in scores.bad:
                self._note(item)

    def _predicts(self) -> list[tuple[str, Predict]]:
        if self._predictions:
            return [(self._predictions, from_folder(Path(self._predictions)))]
        return [
            (f"{name}, {stage}", self._predict(own, stage))
            for name, own in self._ready(still=True)
            for stage in self._stages
        ]

    @staticmethod
    def _predict(settings: Settings, stage: Stage) -> Predict:
        if stage == "network":
            return by_network(settings.load(), settings.size)
        return by_flow(staged(settings, stage))

    def _clip(self, clip: TrueClip) -> None:
        try:
            self._found += list(self._all_ways(clip))
        except InputError as error:
            self._note(Bad(clip.clip, error.message))

    def _all_ways(self, clip: TrueClip) -> Iterator[Scores]:
        for name, settings in self._ready(still=False):
            for stage in self._stages:
                method = f"{name}, {stage}"
                with self._watch(f"{method}, {clip.clip.name}") as progress:
                    own = staged(settings, stage)
                    yield evaluate_clip(clip, own, method=method, progress=progress)

    def _ready(self, *, still: bool) -> list[tuple[str, Settings]]:
        """Return the methods for still images or for clips, with each network loaded once."""
        if still not in self._loaded:
            self._loaded[still] = [
                (name, replace(own, segmenter=own.load(still=still))) for name, own in self._methods
            ]
        return self._loaded[still]

    def _note(self, item: Bad) -> None:
        if self._on_bad == "refuse":
            raise InputError(f"{item.path} cannot be measured: {item.reason}")
        if item not in self.bad:
            self.bad.append(item)
            self._skipped(item)


def _clips(path: Path) -> tuple[list[TrueClip], list[Bad]]:
    if not path.exists():
        raise InputError(f"There is no file or folder {path}.")
    if path.is_file():
        return ([TrueClip(path, truth_of(path))], []) if truth_of(path).is_file() else _lone(path)
    clips, bad = list_clips(path) if path.is_dir() else ([], [])
    if not clips:
        raise _nothing_in(path)
    return clips, bad


def _nothing_in(path: Path) -> InputError:
    said = f"{path} holds neither images/ with masks/ nor clips with NAME.alpha.mkv beside them"
    if not path.is_dir():
        return InputError(f"{said}.")
    within = sorted(each.parent for each in path.glob("*/images"))
    if within:
        return InputError(f"{said}; give the folders in it one by one, such as {within[0]}.")
    if any(each.suffix.lower() in SUFFIXES for each in path.iterdir()):
        return InputError(f"{said}.", remedy=Remedy("empty", True, "if its images show nobody"))
    return InputError(f"{said}.")


def _lone(path: Path) -> tuple[list[TrueClip], list[Bad]]:
    raise InputError(f"{path} has no true alpha: there is no {truth_of(path).name} beside it.")


def draw_worst(results: Sequence[Scores], path: Path) -> None:
    """Draw the worst examples of each result beside the truth, as one image file.

    Raises `OutputError` if it cannot be written.
    """
    tiles: list[Tile] = []
    for scores in results:
        tiles += [example.tile(caption(scores, example)) for example in scores.worst]
        tiles += [BLANK] * (-len(tiles) % COLUMNS)  # each result starts a new row
    try:
        draw_sheet(tiles, path, columns=COLUMNS, side=TILE_SIDE)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from error


def caption(scores: Scores, example: Example) -> str:
    """Return an example's method, name and main score."""
    weights, comma, stage = scores.method.rpartition(", ")
    if not comma:
        weights, stage = stage, ""
    if isinstance(scores.mean, ImageFigures):
        figure = f"IoU {100 * (1 - example.badness):.1f} %"
    elif isinstance(scores.mean, EmptyFigures):
        figure = f"found {100 * example.badness:.1f} %"
    else:
        figure = f"MAD {1000 * example.badness:.1f}"
    return f"{Path(weights).stem}{comma}{stage}: {example.name}, {figure}"
