"""What a caller asks for: that a job can be resumed, and how long its segments are."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from sinet_video.checked import check_fields
from sinet_video.decoding.access import Source
from sinet_video.errors import SettingError
from sinet_video.pipeline.shard import Shard


@dataclass(frozen=True)
class Resume:
    """Make a job resumable. A segment holds `seconds` of the result.

    With `only`, only that part of the segments is made, and kept for `join`.

    Raises `SettingError` unless it is above 0 and at most 3600.
    """

    seconds: Fraction | float = 10
    only: Shard | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        if not 0 < self.seconds <= 3600:
            raise SettingError(
                f"Segments of {float(self.seconds):g} s are asked for; they must be longer than 0 "
                "and at most 3600 s."
            )


def check_files(*names: Source) -> None:
    """Raise `SettingError` for pipes, which cannot be read or written twice, and for URLs."""
    if any(name.is_pipe or name.is_url or name.is_given for name in names):
        raise SettingError(
            "What comes or goes through a pipe or from a host, or is not a file, cannot be "
            "resumed; give files."
        )
