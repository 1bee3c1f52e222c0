"""Accuracy of mattes of clips: against true alpha, frame by frame, in constant memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Literal

from sinet_video.checked import check_word
from sinet_video.decoding.access import Source, StrPath
from sinet_video.decoding.matte_file import read_alphas
from sinet_video.errors import InputError
from sinet_video.media.arrays import Array
from sinet_video.media.frame import Frame
from sinet_video.pipeline.chain import matte
from sinet_video.pipeline.settings import Settings
from sinet_video.quality.metrics import signed_error
from sinet_video.quality.top_k import TopK
from sinet_video.stages.matte_settings import BilinearRefinement, EdgeShape
from sinet_video.training.evaluate.examples import Example, reduced
from sinet_video.training.evaluate.images import Progress, check_shape
from sinet_video.training.evaluate.scores import Scores, Tally, frame_figures
from sinet_video.training.image_folder import Bad
from sinet_video.words import counted

Stage = Literal["network", "refined", "pipeline"]
"""How far mattes are processed: the network's alpha only enlarged; refined; or everything that the
settings ask for, which by default includes following and smoothing.
"""

TRUTH_ENDING = ".alpha.mkv"
CLIP_ENDINGS = (".mp4", ".mkv", ".mov", ".webm")

NEIGHBOURS = 10
"""Number of neighbouring frames, which look alike, of which only the worst is kept."""


@dataclass(frozen=True)
class TrueClip:
    """A clip, and the file with its true alpha."""

    clip: Path
    truth: Path


def list_clips(folder: Path) -> tuple[list[TrueClip], list[Bad]]:
    """Return a folder's clips with true alpha, NAME.mp4 and NAME.alpha.mkv, and incomplete pairs.

    The clip may also be .mkv, .mov or .webm.
    """
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in CLIP_ENDINGS)
    clips = [path for path in files if not path.name.endswith(TRUTH_ENDING)]
    wanted = {truth_of(clip) for clip in clips}
    bad = [Bad(path, "no clip of its name beside it") for path in files
           if path.name.endswith(TRUTH_ENDING) and path not in wanted]  # fmt: skip
    bad += [Bad(clip, f"no {truth_of(clip).name} beside it") for clip in clips
            if not truth_of(clip).is_file()]  # fmt: skip
    return [TrueClip(clip, truth_of(clip)) for clip in clips if truth_of(clip).is_file()], bad


def truth_of(clip: Path) -> Path:
    """Return the path where a clip's true alpha is expected."""
    return clip.with_suffix(TRUTH_ENDING)


def staged(settings: Settings, stage: Stage) -> Settings:
    """Return settings that stop at a stage. Raises `SettingError` for an unknown stage."""
    check_word("stage", stage, Stage)
    if stage == "pipeline":
        return settings
    plain = replace(settings, following=None, smoothing=None, edge=EdgeShape())
    # Levels that change nothing, as the network's own alpha is to be measured.
    return (
        replace(plain, refinement=BilinearRefinement(black=0, white=1), unsure="keep")
        if stage == "network"
        else plain
    )


def evaluate_clip(
    pair: TrueClip,
    settings: Settings = Settings(),
    *,
    method: str = "",
    progress: Progress | None = None,
) -> Scores:
    """Compare the settings' matte of a clip with its true alpha.

    Raises `InputError` if a file cannot be read, or if the two do not match.
    """
    with closing(matte(pair.clip, settings=settings)) as mattes:
        made = ((each.alpha, each.frame) for each in mattes)
        truth = settings.source(pair.truth)
        return _followed(made, settings.source(pair.clip), truth, method, progress)


def evaluate_matte(
    made: StrPath | Source,
    truth: StrPath | Source,
    *,
    method: str = "",
    progress: Progress | None = None,
) -> Scores:
    """Compare a matte video from any source with true alpha, in frame order.

    `matte_file.read_alphas` defines what counts as a file's matte. Raises `InputError` if a file
    cannot be read, or if the two do not match.
    """
    made, truth = Source.of(made), Source.of(truth)
    with closing(read_alphas(made)) as alphas:
        pairs = ((alpha, None) for alpha in alphas)
        return _followed(pairs, made, truth, method, progress)


Made = tuple[Array, Frame | None]
"""An alpha, (H, W) in [0, 1], and its frame, if there is one."""


def _followed(
    made: Iterable[Made],
    source: Source,
    truth: Source,
    method: str,
    progress: Progress | None,
) -> Scores:
    """Measure frames one by one; only the worst are kept, reduced."""
    tally, worst, before = Tally(), TopK[Example](), None
    with closing(read_alphas(truth)) as truths:
        for index, ((alpha, frame), true) in enumerate(_paired(made, truths, source, truth)):
            figures = frame_figures(alpha, true, before)
            before = signed_error(alpha, true)
            tally.add(figures)
            example = partial(
                _example,
                f"{Path(source.path).stem} frame {index}",
                figures.badness,
                frame,
                alpha,
                true,
            )
            worst.offer(index // NEIGHBOURS, figures.badness, example)
            if progress:
                progress(index + 1, None)
    if not tally.count:
        raise InputError(f"{source} holds no image that can be decoded.")
    return Scores(str(source), method, tally.count, tally.mean(), tuple(worst))


def _paired(
    made: Iterable[Made], truths: Iterable[Array], source: Source, truth: Source
) -> Iterator[tuple[Made, Array]]:
    for index, (given, true) in enumerate(zip_longest(made, truths)):
        if given is None or true is None:
            shorter = source if given is None else truth
            raise InputError(
                f"{source} and {truth} are not of one length: {shorter} ends after "
                f"{counted(index, 'frame')}."
            )
        check_shape(source.path, given[0], true.shape)
        yield given, true


def _example(name: str, badness: float, frame: Frame | None, alpha: Array, truth: Array) -> Example:
    image = frame.scaled(*reduced(alpha.shape)) if frame else None
    return Example.of(name, badness, image, alpha, truth)
