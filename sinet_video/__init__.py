"""Cut people out of video: portrait matting with SINet, in real time on a CPU.

    import sinet_video

    for matte in sinet_video.matte("talk.mp4"):
        matte.alpha      # (H, W) float32 in [0, 1]
        matte.frame.rgb  # (H, W, 3) uint8
        matte.time       # seconds, an exact fraction

    sinet_video.convert("talk.mp4", "talk.webm")

Names are imported when they are first used, so that importing the package costs nothing.
"""

import logging

import lazy_loader

# What is logged to "sinet_video" is shown by programs that want it shown.
logging.getLogger(__name__).addHandler(logging.NullHandler())

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
