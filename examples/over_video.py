"""Replace a (green) screen by a video: over_video.py TALK.mp4 BEACH.mp4 OUT.mp4.

The background loops if it is shorter, and keeps its own timing. The matte is choked by a pixel and
a half, so that no rim of the screen's colour remains.
"""

import sys

import sinet_video

source, background, output = sys.argv[1:]
settings = sinet_video.Settings(edge=sinet_video.EdgeShape(choke=1.5, feather=2))
report = sinet_video.convert(source, output, background=background, settings=settings)
print(f"{report.output}: {report.frames} frames over {background}")
