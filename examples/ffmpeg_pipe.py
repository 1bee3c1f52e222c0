"""Send cut-out frames to ffmpeg, for what only ffmpeg does: ffmpeg_pipe.py TALK.mp4 OUT.gif.

Needs the program ffmpeg. Raw video has no times: for a clip of variable rate, write a file instead.
"""

import sys

import ffmpeg
import numpy as np

import sinet_video

source, output = sys.argv[1:]
clip = sinet_video.probe(source)
pipe = ffmpeg.input(
    "pipe:",
    format="rawvideo",
    pix_fmt="rgba",
    s=f"{clip.width}x{clip.height}",
    r=str(clip.rate),
)
orange = f"color=orange:size={clip.width}x{clip.height}:rate={clip.rate}"
drawn = ffmpeg.input(orange, format="lavfi")
process = (
    drawn.overlay(pipe, shortest=1)
    .output(output, loglevel="error")
    .run_async(pipe_stdin=True, overwrite_output=True)
)
for matte in sinet_video.matte(clip):
    alpha = np.rint(matte.alpha * 255).astype(np.uint8)
    process.stdin.write(np.dstack([matte.frame.rgb, alpha]).tobytes())
process.stdin.close()
if process.wait() != 0:
    sys.exit("ffmpeg failed")
print(f"{output}: written by ffmpeg")
