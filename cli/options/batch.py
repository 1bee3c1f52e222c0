"""Options that say which clips a batch has, what becomes of them, and how.

Nothing heavy is imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, Self

import click
from click.shell_completion import CompletionItem
from sinet_video.cli.options.click_options import JOB, Command, check_apart, option
from sinet_video.cli.options.output import RESULT
from sinet_video.cli.terminal.console import Console

from sinet_video.errors import SettingError
from sinet_video.words import counted

if TYPE_CHECKING:
    from sinet_video.batches.clip_job import Outcome
    from sinet_video.batches.decide import Rules, Step
    from sinet_video.batches.estimate import Estimate
    from sinet_video.batches.naming import Naming
    from sinet_video.batches.pace import State
    from sinet_video.batches.ray_engine import RayEngine
    from sinet_video.pipeline.conversion import Conversion
    from sinet_video.remote.settings import StageSettings

INPUTS, NAMES = "Inputs", RESULT
"""Headings of these options, beside that of jobs."""


class FileType(click.ParamType[str]):
    """An extension without its dot, one of those in `containers.formats`."""

    name = "type"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check it."""
        from sinet_video.containers.formats import file_types

        if value not in file_types():
            self.fail(f"{value!r} is not one of {', '.join(file_types())}.", param, ctx)
        return str(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Complete it."""
        from sinet_video.containers.formats import file_types

        return [CompletionItem(each) for each in file_types() if each.startswith(incomplete)]


@dataclass(frozen=True)
class BatchOptions:
    """What the user said about a batch; its fields are named as the options are."""

    folder: str
    kind: str | None
    template: str
    matte: str | None
    recursive: bool
    from_file: str | None
    shard: str | None
    jobs: int | None
    retry_failed: bool
    skip_existing: bool
    keep_times: bool
    manifest: str | None
    dry_run: bool
    watch: bool
    settle: float

    def inputs(self, named: tuple[str, ...]) -> list[str]:
        """Return all inputs: those that are named, and those of a list."""
        from sinet_video.batches.inputs import read_list

        if not named and self.from_file is None:
            raise click.UsageError("Missing INPUTS: give files, folders, patterns or --from-file.")
        return [*named, *(read_list(self.from_file) if self.from_file is not None else [])]

    def typed_for(self, inputs: list[str]) -> Self:
        """Return the same with a file type: if none is given, photos alone become PNGs."""
        from sinet_video.batches.inputs import are_images

        photos = self.kind is None and are_images(inputs, recursive=self.recursive)
        return replace(self, kind="png") if photos else self

    def note_left_out(self, inputs: list[str], console: Console) -> None:
        """Say if subfolders, or photos beside videos, are left out."""
        from sinet_video.batches.inputs import count_stills, count_unseen

        if not self.recursive and (unseen := count_unseen(inputs)):
            videos = counted(unseen, "video in a subfolder is", "videos in subfolders are")
            console.note(f"Note: {videos} left out; --recursive takes them.")
        takes = self._naming().takes_stills
        stills = 0 if takes else count_stills(inputs, recursive=self.recursive)
        if stills:
            photos = counted(stills, "photo is", "photos are")
            console.note(f"Note: {photos} left out; give photos in a call of their own.")

    def planned(self, inputs: list[str], conversion: Conversion, *, overwrite: bool) -> list[Step]:
        """Return what is to be done."""
        from sinet_video.batches.batch import plan_batch

        return plan_batch(
            inputs,
            self.folder,
            conversion,
            manifest=self.manifest,
            **self._which(overwrite=overwrite),
        )

    def run(
        self,
        steps: list[Step],
        conversion: Conversion,
        *,
        engine: RayEngine | None = None,
        stage: StageSettings,
        progress: Callable[[State], None],
    ) -> Iterator[Outcome]:
        """Do it."""
        from sinet_video.batches.batch import run_batch

        return run_batch(
            steps,
            self.folder,
            conversion,
            jobs=self.at_once(steps),
            engine=engine,
            keep_times=self.keep_times,
            manifest=self.manifest,
            stage=stage,
            progress=progress,
        )

    def check_watch(self) -> None:
        """Raise `SettingError` for what a batch that watches has no use for."""
        if self.manifest is not None:
            raise SettingError("--watch keeps its manifest with the results; leave out --manifest.")

    def watched(
        self,
        inputs: list[str],
        conversion: Conversion,
        *,
        overwrite: bool,
        stop: Callable[[], bool],
        progress: Callable[[State], None],
    ) -> Iterator[Outcome]:
        """Do it with all that comes, until it is time to stop."""
        from sinet_video.batches.watch import watch_batch

        return watch_batch(
            inputs,
            self.folder,
            conversion,
            **self._which(overwrite=overwrite),
            jobs=self.jobs or 1,
            keep_times=self.keep_times,
            settle=self.settle,
            stop=stop,
            progress=progress,
        )

    def at_once(self, steps: list[Step]) -> int:
        """Return how many clips are converted at a time."""
        from sinet_video.batches.batch import default_jobs

        return self.jobs or default_jobs(sum(step.wanted for step in steps))

    def estimates(self, steps: list[Step], conversion: Conversion) -> list[Estimate]:
        """Return what converting is expected to take, going by earlier runs."""
        from sinet_video.batches.batch import manifest_folder
        from sinet_video.batches.estimate import estimate
        from sinet_video.batches.manifest import Manifest

        known = Manifest(manifest_folder(self.folder, self.manifest)).entries().values()
        return estimate(steps, known, conversion)

    def _which(self, *, overwrite: bool) -> dict[str, Any]:
        from sinet_video.pipeline.shard import Shard

        shard = None if self.shard is None else Shard.parse(self.shard)
        naming, rules = self._naming(), self._rules(overwrite=overwrite)
        return {"naming": naming, "recursive": self.recursive, "shard": shard, "rules": rules}

    def _naming(self) -> Naming:
        from sinet_video.batches.naming import Naming

        return Naming(self.kind or "mp4", self.template, self.matte)

    def _rules(self, *, overwrite: bool) -> Rules:
        from sinet_video.batches.decide import Rules

        check_apart("overwrite", "skip_existing")
        return Rules(
            overwrite=overwrite, retry_failed=self.retry_failed, skip_existing=self.skip_existing
        )


_OPTIONS = (
    option(
        "-o", "--output", "folder", required=True, metavar="FOLDER", group=RESULT, brief=True,
        help="Folder for the results; with --allow network also one in object storage, such as "
        "s3://BUCKET/cut/.",
    ),
    option(
        "--to", "kind", type=FileType(), metavar="TYPE", group=RESULT, brief=True,
        show_default="mp4; png if all INPUTS are photos",
        help="File type of the results: mp4, mkv, mov, webm, gif, apng or webp; png, which is a "
        "folder of images for a video and one image for a photo; or tif, exr or jpg for photos. "
        "Photos in folders are converted to png, webp, jpg, tif and exr only.",
    ),
    option(
        "--name-template", "template", default="{stem}.{ext}", metavar="TEMPLATE", group=NAMES,
        help="Names of the results, such as {stem}_cut.{ext}. Placeholders: {stem}, {ext}, {name} "
        "(with its extension) and {parent} (the input's folder).",
    ),
    option(
        "--matte", metavar="TEMPLATE", group=NAMES,
        help="Also write each matte, to a file of this name, such as {stem}_matte.mkv.",
    ),
    option(
        "-r", "--recursive", is_flag=True, group=INPUTS, brief=True,
        help="Include subfolders; the results keep the same subfolders.",
    ),
    option(
        "--from-file", metavar="LIST", group=INPUTS, variable=False,
        help="Also read inputs from a text file, one per line; - is stdin. Lines that begin with # "
        "are comments.",
    ),
    option(
        "--shard", metavar="I/N", group=INPUTS,
        help="Convert only share I of N of the inputs, so that N machines divide them; see "
        "docs/scale.md.",
    ),
    option(
        "--jobs", "-j", type=click.IntRange(1), metavar="N", group=JOB, brief=True,
        show_default="by cores and memory",
        help="Number of clips to convert at the same time, each in its own process.",
    ),
    option(
        "--retry-failed", is_flag=True, group=JOB,
        help="Convert only clips that failed before.",
    ),
    option(
        "--skip-existing", "--no-overwrite", "-n", "skip_existing", is_flag=True, group=JOB,
        help="Skip clips whose result exists, even if the input or the options changed.",
    ),
    option(
        "--keep-times", is_flag=True, group=JOB,
        help="Copy the inputs' modification times to the results.",
    ),
    option(
        "--manifest", metavar="FOLDER", group=RESULT, show_default="that of the results",
        help="Folder for manifest.jsonl, which records what was done; it must be given if the "
        "results go to another host.",
    ),
    option(
        "--dry-run", is_flag=True, group=JOB, brief=True, variable=False,
        help="Only print what would be done, with the estimated time and disk space.",
    ),
    option(
        "--watch", is_flag=True, group=JOB, brief=True, variable=False,
        help="Go on with what comes into the folders, until Ctrl-C.",
    ),
    option(
        "--settle", type=click.FloatRange(0), default=5.0, metavar="SECONDS", group=JOB,
        help="With --watch: how long a clip must not have changed before it is taken.",
    ),
)  # fmt: skip


def batch_options(command: Command) -> Command:
    """Add the options of batches; the command gets them as one value, `many`."""

    @wraps(command)
    def gathered(**given: Any) -> None:
        own = {each.name: given.pop(each.name) for each in fields(BatchOptions)}
        command(**given, many=BatchOptions(**own))

    decorated: Command = gathered
    for each in reversed(_OPTIONS):
        decorated = each(decorated)
    return decorated
