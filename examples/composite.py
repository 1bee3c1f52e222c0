"""Put a person in front of an image: composite.py TALK.mp4 ROOM.jpg OUT.mp4."""

import sys

import sinet_video

source, background, output = sys.argv[1:]
report = sinet_video.convert(source, output, background=background, fit="cover")
print(f"{report.output}: {report.frames} frames at {report.frames_per_second:.1f} frames/s")
