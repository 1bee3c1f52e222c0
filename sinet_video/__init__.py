"""Cut people out of video: portrait matting with SINet, in real time on a CPU.

    import sinet_video

    for matte in sinet_video.matte("talk.mp4"):
        matte.alpha      # (H, W) float32 in [0, 1]
        matte.frame.rgb  # (H, W, 3) uint8
        matte.time       # seconds, an exact fraction

    sinet_video.convert("talk.mp4", "talk.webm")

Each name is imported when it is first used, so importing the package is cheap.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
