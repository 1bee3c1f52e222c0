"""Evaluation as one call: places, methods, and the scores of each place by each method."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sinet_video.checked import check_kinds, check_lists
from sinet_video.decoding.access import Source, StrPath
from sinet_video.errors import SettingError
from sinet_video.extras import extra_needed
from sinet_video.paths import check_paths
from sinet_video.pipeline.settings import Settings

if TYPE_CHECKING:
    from sinet_video.training.evaluate.clips import Stage
    from sinet_video.training.evaluate.run import Watch
    from sinet_video.training.evaluate.scores import Scores
    from sinet_video.training.image_folder import Bad, OnBad


@dataclass(frozen=True)
class Evaluated:
    """What `evaluate` found: the scores, of each place by each method, and what was left out."""

    results: list[Scores]
    bad: list[Bad]


def evaluate(
    *data: StrPath,
    settings: Settings | Sequence[Settings] = Settings(),
    stages: Sequence[Stage] = ("network", "pipeline"),
    matte: StrPath | Source | None = None,
    truth: StrPath | Source | None = None,
    predictions: StrPath | None = None,
    names: Collection[str] | None = None,
    recipe: str | Path | None = None,
    empty: bool = False,
    on_bad: OnBad = "skip",
    watch: Watch | None = None,
    skipped: Callable[[Bad], None] = lambda bad: None,
) -> Evaluated:
    """Measure mattes against ground truth.

    Args:
        data: folders of `images/NAME.jpg` and `masks/NAME.png`, folders of clips `NAME.mp4` with
            their true alpha `NAME.alpha.mkv`, or such clips.
        settings: what makes the mattes, or several, to be compared.
        stages: whose mattes are measured: "network", enlarged; "refined"; or "pipeline", all of it.
        matte: a matte video to be compared with its true alpha.
        truth: that true alpha; both or neither.
        predictions: a folder of mattes `NAME.png`, measured instead of those of a network.
        names: the only images of a folder to measure, without extensions.
        recipe: a recipe by name or path: measures what it holds out of the data folder.
        empty: the folders hold images without people: measures how often something is found.
        on_bad: "skip" leaves out what cannot be measured; "refuse" raises `InputError`.
        watch: called with what is measured now; returns a context manager that gives a function to
            call with the number of images or frames done, and the total or None.
        skipped: called with each that is left out.

    The scores of clips are followed by their means. Needs the extra `train`. Raises `SettingError`
    for what does not go together, `InputError` if nothing can be measured.
    """
    check_given(data, matte, truth)
    check_lists(names=names, stages=stages)
    each = list(settings) if isinstance(settings, Iterable) else [settings]
    for one in each:
        check_kinds(settings=(one, Settings))
    check_paths(predictions=predictions)
    with extra_needed("Measuring", "train"):
        from sinet_video.training.evaluate.run import Evaluation, unwatched
        from sinet_video.training.recipe import load_recipe
    held = None if recipe is None else load_recipe(str(recipe)).data
    work = Evaluation(
        [(str(one.weights), one) for one in each],
        tuple(stages),
        predictions=None if predictions is None else str(predictions),
        names=None if names is None else frozenset(names),
        on_bad=on_bad,
        watch=watch or unwatched,
        skipped=skipped,
    )
    if matte and truth:
        work.matte(Source.of(matte), Source.of(truth))
    for place in map(Path, data):
        if held is not None:
            work.set_aside(held, place)
        elif empty:
            work.empty(place)
        else:
            work.place(place)
    return Evaluated(work.results(), work.bad)


def check_given(data: Sequence[StrPath], matte: object, truth: object) -> None:
    """Raise `SettingError` if there is nothing to measure, or a matte without what is true."""
    if bool(matte) != bool(truth):
        raise SettingError("A matte and what is true belong together; give both files.")
    if not data and not matte:
        raise SettingError(
            "There is nothing to measure; give a folder of images/ and masks/, a folder of clips "
            "with NAME.alpha.mkv beside each, or a matte and a true one."
        )
    for place in data:
        check_paths(input=place)
