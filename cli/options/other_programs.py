"""What options of other programs are called here, for whoever types them by habit."""

from __future__ import annotations

FFMPEG = {
    "-i": "INPUT comes first, without -i",
    "-c:v": "--codec",
    "-codec:v": "--codec",
    "-vcodec": "--codec",
    "-c:a": "--audio copy, --audio encode or --audio none",
    "-acodec": "--audio copy, --audio encode or --audio none",
    "-an": "--audio none",
    "-crf": "--crf",
    "-qp": "--crf",
    "-b:v": "--crf, as quality is constant and the bitrate follows",
    "-preset": "--preset",
    "-cpu-used": "--preset",
    "-f": "--format for pipes and folders; else the name of OUTPUT decides",
    "-ss": "--start",
    "-to": "--end",
    "-t": "--end, a time in INPUT and not a length",
    "-s": "--scale or --max-height",
    "-vf": "--scale or --max-height for the size; else put ffmpeg before or behind in a pipe",
    "-filter_complex": "a pipe from or to ffmpeg",
    "-pix_fmt": "nothing, as the encoder's pixel format follows INPUT and --codec",
    "-r": "nothing, as each frame keeps its own time",
    "-hide_banner": "--quiet",
    "-nostdin": "nothing, as standard input is read only for INPUT -",
    "-loglevel": "--quiet or --verbose",
    "-progress": "--log-json",
}
"""Options of ffmpeg, and what does the same here."""

REMBG = {
    "-a": "nothing, as the edge is always refined; --refine bilinear leaves that out",
    "-om": "--show alpha",
    "-bgc": "--background",
}
"""Options of rembg, likewise."""


def hint(word: str) -> str | None:
    """Return what to say of an option of another program, or None if it is none."""
    for program, known in (("ffmpeg", FFMPEG), ("rembg", REMBG)):
        if word in known:
            return f"{word} is an option of {program}; here it is {known[word]}."
    return None
