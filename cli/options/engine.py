"""Options that say on which machines work is done.

Nothing heavy is imported here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sinet_video.cli.options.click_options import JOB

from sinet_video.errors import SettingError
from sinet_video.option import option as setting

if TYPE_CHECKING:
    from sinet_video.batches.ray_tasks import RayEngine


@dataclass(frozen=True)
class EngineOptions:
    """What the user said about where work is done."""

    engine: Literal["local", "ray"] = setting(
        "local",
        "Work on this machine, or on a Ray cluster whose machines see the same files.",
        JOB,
        choices=("local", "ray"),
    )
    address: str | None = setting(
        None,
        "With --engine ray: the address of the cluster, such as auto or ray://HOST:10001.",
        JOB,
        kind=str,
        metavar="ADDRESS",
        shown="a cluster of this machine alone",
    )
    cpus_per_task: float | None = setting(
        None,
        "With --engine ray: cores for each clip or part.",
        JOB,
        kind=float,
        metavar="N",
        shown="4, or as many as a machine has",
    )

    def ray(self) -> RayEngine | None:
        """Return the library's setting, or None for this machine."""
        if self.engine == "ray":
            from sinet_video.batches.ray_tasks import RayEngine

            return RayEngine(self.address, self.cpus_per_task)
        if self.address is not None or self.cpus_per_task is not None:
            raise SettingError(
                "--address and --cpus-per-task are for a Ray cluster; give --engine ray as well."
            )
        return None
