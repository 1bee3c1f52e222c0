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
    from sinet_video.batches.ray_engine import RayEngine


@dataclass(frozen=True)
class EngineOptions:
    """What the user said about where work is done."""

    engine: Literal["local", "ray"] = setting(
        "local",
        "Where the work is done: on this machine, or as tasks of a Ray cluster whose machines see "
        "the same files; see docs/scale.md.",
        JOB,
        choices=("local", "ray"),
    )
    address: str | None = setting(
        None,
        "With --engine ray: the address of the cluster, such as auto or HOST:6379.",
        JOB,
        kind=str,
        metavar="ADDRESS",
        shown="RAY_ADDRESS, or else a cluster of this machine",
    )
    cpus_per_task: float | None = setting(
        None,
        "With --engine ray: cores for each clip or part.",
        JOB,
        kind=float,
        metavar="N",
        shown="4, or as many as the largest machine has",
    )

    @property
    def is_ray(self) -> bool:
        """Whether a Ray cluster does the work. Raises `SettingError` for what only it needs."""
        if self.engine == "ray":
            return True
        for name, value in (("address", self.address), ("cpus-per-task", self.cpus_per_task)):
            if value is not None:
                raise SettingError(f"--{name} is for a Ray cluster; give --engine ray as well.")
        return False

    def ray(self) -> RayEngine | None:
        """Return the library's setting, or None for this machine."""
        if not self.is_ray:
            return None
        from sinet_video.batches.ray_engine import RayEngine

        if self.cpus_per_task is not None and not self.cpus_per_task > 0:
            raise SettingError(f"--cpus-per-task is {self.cpus_per_task:g}; give more than 0.")
        return RayEngine(self.address, self.cpus_per_task)
