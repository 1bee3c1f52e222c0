"""The times of frames: found, put in order, and given durations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import av

from sinet_video.containers.demuxers import demuxer_of
from sinet_video.decoding.clip import Clip
from sinet_video.decoding.concealment import Tally
from sinet_video.decoding.conform import note_changes, to_frame
from sinet_video.media.frame import Frame
from sinet_video.media.stacked import unstack
from sinet_video.media.time_range import RATE_IF_UNKNOWN


def with_times(videos: Iterator[av.VideoFrame], clip: Clip, tally: Tally) -> Iterator[Frame]:
    """Yield frames with times; one without a timestamp follows at the previous interval."""
    rate = clip.rate or RATE_IF_UNKNOWN
    step = max(1, round(1 / (rate * clip.time_base)))
    untimed = demuxer_of(clip.container).decoding_times
    before: int | None = None
    for decoded in videos:
        stamp = stamp_of(decoded, clip.container)
        video = unstack(decoded) if clip.stacked else decoded
        if stamp is None and not untimed:
            tally.untimed, tally.rate = tally.untimed + 1, float(rate)
        note_changes(video, clip, tally)
        pts = stamp if stamp is not None else clip.start if before is None else before + step
        step = pts - before if before is not None and pts > before else step
        before = pts
        yield to_frame(
            video,
            clip,
            pts=pts,
            time_base=clip.time_base,
            duration=video.duration or 0,
            rotation=clip.rotation,
            mirrored=clip.mirrored,
            sample_aspect=clip.sample_aspect,
        )


def stamp_of(video: av.VideoFrame, container: str) -> int | None:
    """Return the presentation time of a video frame, in ticks, or None if it is unknown.

    AVI stores frames in decoding order and has no timestamps. The pts that libav makes up goes back
    and forth with B-frames. The decoding times, assigned to frames in order, are correct; the last
    frames have none, and follow at the frame rate.
    """
    return video.dts if demuxer_of(container).decoding_times else video.pts


def drop_nonmonotonic(frames: Iterator[Frame], tally: Tally) -> Iterator[Frame]:
    """Keep the last of several frames at one time, and drop frames that are out of order."""
    before: Frame | None = None
    for frame in frames:
        if before is not None:
            if frame.pts <= before.pts:
                tally.repeated += 1
                before = frame if frame.pts == before.pts else before
                continue
            yield before
        before = frame
    if before is not None:
        yield before


def fill_durations(frames: Iterator[Frame], clip: Clip, tally: Tally) -> Iterator[Frame]:
    """Set each frame's duration to the time until the next one; the last uses what the file says.

    libav's packet durations are in decoding order, and wrong if the frame rate varies.
    """
    before: Frame | None = None
    for frame in frames:
        if before is not None:
            yield replace(before, duration=frame.pts - before.pts)
        before = frame
    if before is not None:
        said = clip.end is not None and not tally.restarts
        left = clip.end - before.pts if said and clip.end is not None else 0
        yield replace(before, duration=left) if left > 0 else before
