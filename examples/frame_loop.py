"""Process mattes one by one: frame_loop.py TALK.mp4 OUT.mp4.

A generator of our own between two stages fades the person in over the first second.
"""

import sys
from collections.abc import Iterable, Iterator

import sinet_video
from sinet_video import Matte


def fade_in(mattes: Iterable[Matte], seconds: float = 1.0) -> Iterator[Matte]:
    """Yield each matte with its alpha rising from 0 to its full value."""
    start = None
    for matte in mattes:
        start = matte.time if start is None else start
        share = min(1.0, float(matte.time - start) / seconds)
        yield matte.with_alpha(matte.alpha * share)


source, output = sys.argv[1:]
clip = sinet_video.probe(source)
mattes = fade_in(sinet_video.matte(clip))
blue = sinet_video.ColourBackground.parse("blue")
with sinet_video.open_sink(output, clip, companions=True) as sink:
    for matte in sinet_video.composite(mattes, blue):
        sink.write(matte)
        print(f"{float(matte.time):7.3f} s: {matte.alpha.mean():.0%} of the image is the person")
