"""What the server takes and how long it keeps it, each with its option.

Nothing heavy is imported here, so that the command can list its options at once.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from sinet_video.errors import SettingError
from sinet_video.option import option

LIMITS = "Limits"
"""The heading of these options."""

MEGABYTE = 10**6
LONGEST_SIDE = 8192
"""Pixels; a small file can hold a huge frame."""

JSON_BYTES = 4 * MEGABYTE
"""The largest body of a request that is not a file."""

SLOWEST = 16_384
"""Bytes a second that an upload must average, once its first half minute is over."""

GRACE = 30.0
"""Seconds that an upload may pause, and that it has before it must be fast enough."""

SPARE_DISK = 256 * MEGABYTE
"""Free space that is left on the disk."""


@dataclass(frozen=True)
class Limits:
    """What the server takes.

    Raises `SettingError` for a limit that is not above 0.

    Attributes:
        size: megabytes of one file.
        length: seconds of one clip.
        clips: how many are kept at a time.
        results: how many exports are kept for one clip.
        disk: megabytes of everything that is kept, results included.
        keep_hours: hours until a clip that nobody works on is deleted.
        jobs: how many run at the same time.
    """

    size: int = option(
        4096, "Maximum size of a file, in megabytes.", LIMITS, name="max-size", metavar="MB"
    )
    length: int = option(
        3600, "Maximum length of a clip.", LIMITS, name="max-length", metavar="SECONDS"
    )
    clips: int = option(50, "Maximum number of clips.", LIMITS, name="max-clips", metavar="COUNT")
    results: int = option(
        20, "Maximum number of exports of one clip.", LIMITS, name="max-results", metavar="COUNT"
    )
    disk: int = option(
        20480, "Maximum disk space for clips and results, in megabytes.", LIMITS,
        name="max-disk", metavar="MB",
    )  # fmt: skip
    keep_hours: float = option(
        24.0, "Delete clips that were not used for this long.", LIMITS, metavar="HOURS"
    )
    jobs: int = option(1, "Number of jobs that run at the same time.", LIMITS, metavar="COUNT")

    def __post_init__(self) -> None:
        for each in fields(self):
            if not getattr(self, each.name) > 0:
                raise SettingError(
                    f"The limit of {each.name} is {getattr(self, each.name)}; it must be above 0."
                )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self)
