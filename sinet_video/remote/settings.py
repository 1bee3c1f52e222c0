"""Where the local copies of remote files are kept during a job, and how large they may be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sinet_video.checked import check_fields
from sinet_video.errors import SettingError
from sinet_video.option import option

STAGING = "Remote files"
"""The heading of these options."""


@dataclass(frozen=True)
class StageSettings:
    """How remote files are staged on the local disk.

    Raises `SettingError` for a limit that is not above 0.

    Attributes:
        stage_folder: folder of the local copies; None for the system's temporary folder.
        stage_limit: gigabytes (10^9 bytes) that one job may have there, its results included.
    """

    stage_folder: str | Path | None = option(
        None,
        "Folder for local copies of inputs from s3://, gs://, az:// and http(s)://, and for "
        "results until they are uploaded.",
        STAGING,
        kind=str,
        metavar="FOLDER",
        shown="the system's temporary folder",
    )
    stage_limit: float = option(
        50.0,
        "Disk space in GB that one job may use there.",
        STAGING,
        metavar="GB",
    )

    def __post_init__(self) -> None:
        check_fields(self)
        if not self.stage_limit > 0:
            raise SettingError(f"The stage limit is {self.stage_limit:g} GB; it must be above 0.")

    @property
    def limit(self) -> int:
        """The limit in bytes."""
        return round(self.stage_limit * 1e9)
