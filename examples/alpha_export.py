"""Export a clip with an alpha channel, and its matte as a second file.

    alpha_export.py TALK.mp4 OUT.mov

OUT may be .mov (ProRes 4444), .webm (VP9), .mkv with FFV1, or a folder for PNGs.
"""

import sys
from pathlib import Path

import sinet_video

source, output = sys.argv[1:]
matte = Path(output).with_suffix("").with_name(Path(output).stem + "_matte.mkv")
report = sinet_video.convert(source, output, background="transparent", matte=matte)
print(f"{report.output}: {report.encoder} {report.pixel_format}, {report.alpha} alpha")
print(f"{report.matte}: the matte, lossless")
