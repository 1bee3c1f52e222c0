"""Use ffmpeg filters before and after the matte: ffmpeg_pipe.py TALK.mp4 OUT.mp4.

Needs the ffmpeg program. It removes noise before the person is segmented, and then lets the person
throw a shadow on an orange wall.
"""

import sys
from typing import Any

import ffmpeg

import sinet_video

source, output = sys.argv[1:]


def on_wall(person: Any) -> Any:
    """Put the person in front of a wall and a shadow, both made from the person."""
    copies = person.filter_multi_output("split", 3)
    wall = copies[0].filter("lutyuv", y=150, u=50, v=175, a=255)
    shadow = copies[1].filter("lutyuv", y=16, u=128, v=128).filter("gblur", sigma=6)
    scene = wall.overlay(shadow, x="w/16", y="h/24").overlay(copies[2])
    return scene.output(output, vcodec="libx264", crf=18).overwrite_output()


quiet = ffmpeg.input(source).filter("hqdn3d")
frames = sinet_video.from_ffmpeg(quiet)
coarse = sinet_video.segment(frames, sinet_video.load_segmenter())
mattes = sinet_video.refine(sinet_video.smooth(coarse))
with sinet_video.to_ffmpeg(on_wall, content="rgba") as sink:
    for matte in mattes:
        sink.write(matte)
print(f"{output}: written by ffmpeg")
