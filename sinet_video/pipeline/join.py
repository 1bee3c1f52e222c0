"""The shares of a film, made on several machines, put together."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from sinet_video.atomic import PARTS, translate_write_errors
from sinet_video.checked import check_kinds
from sinet_video.decoding.access import Source, StrPath
from sinet_video.errors import InputError, OutputError
from sinet_video.paths import check_paths
from sinet_video.pipeline.conversion import Conversion
from sinet_video.pipeline.report import Report
from sinet_video.pipeline.resuming.fingerprint import differing
from sinet_video.pipeline.resuming.job_folder import JobFolder, folder_of, is_finished, segment_file
from sinet_video.pipeline.resuming.job_state import JobState
from sinet_video.pipeline.resuming.segment_files import PACKETS
from sinet_video.pipeline.resuming.segments import FEWEST
from sinet_video.pipeline.resuming.settings import Resume
from sinet_video.pipeline.shard import Shard
from sinet_video.pipeline.shares import WARM_UP, share_path, shared_name


def join(
    source: StrPath | Source,
    output: str | Path,
    conversion: Conversion = Conversion(),
    *,
    matte: str | Path | None = None,
    overwrite: bool = False,
) -> Report:
    """Put the shares of a film together to the file that one process would have made.

    All is given as it was to `convert`, which made the shares with `Resume(only=...)` and lies
    beside the output. Raises `OutputError` if a share is missing, not finished, or of another job,
    and `InputError` if frames that are read from the middle of the film are not those that are read
    from its beginning.
    """
    check_paths(input=source, output=output, matte=matte)
    check_kinds(conversion=(conversion, Conversion))
    output = Path(output)
    with translate_write_errors(output):
        places = [share_path(output, shard) for shard in _shards(output)]
        states = [_state(place) for place in places]
        _check_alike(places, states)
        for before, after in pairwise(zip(places, states, strict=True)):
            _check_seam(before[1], after[0], after[1])
        _gather(output, places, states, overwrite=overwrite)
    resume = replace(conversion.resume or Resume(), only=None)
    report = replace(conversion, resume=resume)(source, output, matte=matte, overwrite=overwrite)
    for place in places:
        shutil.rmtree(folder_of(place))
    return report


def share_folders(output: Path) -> dict[Path, int]:
    """Return the folders of an output's shares, each with the count of shares that it is of."""
    pattern = re.compile(re.escape(f".{shared_name(output)}.") + r"\d+-of-(\d+)" + re.escape(PARTS))
    folder = output.absolute().parent
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    return {path: int(found[1]) for path in paths if (found := pattern.fullmatch(path.name))}


def _shards(output: Path) -> list[Shard]:
    """Return all shards of the count that there are folders of."""
    counts = set(share_folders(output).values())
    if not counts:
        raise OutputError(f"There are no shares of {output}; make them first.")
    if len(counts) > 1:
        listed = " and ".join(map(str, sorted(counts)))
        raise OutputError(f"There are shares of {output} by {listed}; remove those of one count.")
    return Shard.all(counts.pop())


def _state(place: Path) -> JobState:
    state = is_finished(place)
    if state is None or not state.complete or state.seam is None:
        there = "is missing" if state is None else "is not finished"
        raise OutputError(f"The share {place.name} {there}; make it, then join.")
    if any(state.seam.tally.values()):
        raise InputError(
            f"The film is damaged in the share {place.name}, so its frames cannot be told from the "
            "middle; convert it in one piece."
        )
    return state


def _check_alike(places: list[Path], states: list[JobState]) -> None:
    """Raise `OutputError` unless all shares are of one job."""
    for place, state in zip(places, states, strict=True):
        if names := differing(states[0].job, state.job):
            raise OutputError(
                f"The shares {places[0].name} and {place.name} were made differently; what "
                f"differs: {', '.join(names)}. Make one of them again."
            )


def _check_seam(before: JobState, place: Path, after: JobState) -> None:
    """Raise `InputError` unless a share was warmed up by the frames that the one before it saw."""
    assert before.seam is not None  # as `_state` found
    assert after.seam is not None
    file = segment_file(folder_of(place), WARM_UP, after.segments[0][0], ".json")
    seen = [(pts, found) for pts, found in json.loads(file.read_bytes())] if file.exists() else []
    alike = seen == before.seam.checksums and len(seen) >= FEWEST
    if not alike or before.seam.first != after.seam.first:
        raise InputError(
            f"Read from its middle, the film gives other frames than from its beginning at the "
            f"share {place.name}; convert it in one piece."
        )


def _gather(output: Path, places: list[Path], states: list[JobState], *, overwrite: bool) -> None:
    """Put all segments into the folder of the whole job, as if one process had made them."""
    segments = [segment for state in states for segment in state.segments]
    checksums = {
        name: checksum
        for state in states
        for name, checksum in state.checksums.items()
        if name.endswith(PACKETS)
    }
    whole = JobState(states[0].job, segments, states[-1].seam, complete=True, checksums=checksums)
    with JobFolder(output, whole.job, overwrite=overwrite) as kept:
        for place in places:
            for path in folder_of(place).glob(f"*{PACKETS}"):
                _linked(path, kept.folder / path.name)
        kept.adopt(whole)


def _linked(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it where the file system has no such names."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
