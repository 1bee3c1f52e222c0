"""The sink for a virtual camera, which other programs take for a real one."""

from __future__ import annotations

from typing import Any

import numpy as np

from sinet_video.containers.codecs import Content
from sinet_video.containers.formats import PIPES
from sinet_video.decoding.clip import Clip
from sinet_video.encoding.plan import Plan, plan_in
from sinet_video.encoding.settings import Encoding
from sinet_video.encoding.sink import Sink
from sinet_video.errors import OutputError
from sinet_video.extras import extra_needed
from sinet_video.media.frame import Matte
from sinet_video.media.time_range import RATE_IF_UNKNOWN
from sinet_video.publish import Publication
from sinet_video.streaming.address import Target


class CameraSink(Sink):
    """A virtual camera; frames are RGB of eight bits, upright, in the size of the clip.

    Raises `MissingPackageError` without pyvirtualcam, and `OutputError` if the system has no
    virtual camera.
    """

    def __init__(self, target: Target, clip: Clip, content: Content) -> None:
        with extra_needed("A virtual camera"):
            import pyvirtualcam
        self.content, self.warnings = content, []
        self.plan: Plan = plan_in(PIPES["rawvideo"], target.name, "rgb", "gbrp", Encoding())
        self._turn = clip.orientation
        upright = clip.as_shown()
        rate = float(clip.rate or RATE_IF_UNKNOWN)
        try:
            self._camera: Any = pyvirtualcam.Camera(
                upright.width, upright.height, rate, device=target.device
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise OutputError(
                f"There is no virtual camera that can be used ({error}); load v4l2loopback on "
                "Linux, or install OBS Studio on Windows and macOS."
            ) from error

    def write(self, matte: Matte) -> None:
        """As `Sink` says."""
        try:
            self._camera.send(np.ascontiguousarray(self._turn.shown(self._image(matte))))
        except RuntimeError as error:
            raise OutputError(f"The virtual camera takes no more frames: {error}.") from error

    def _image(self, matte: Matte) -> Any:
        if self.content == "alpha":
            gray = np.rint(matte.alpha * np.float32(255)).astype(np.uint8)
            return np.repeat(gray[..., None], 3, axis=2)
        return matte.frame.rgb

    def finish(self) -> None:
        """As `Sink` says."""
        self._camera.close()

    def _publish(self, publication: Publication) -> None:
        """As `Sink` says; what was shown has no name to get."""

    def _abandon(self) -> None:
        self._camera.close()
