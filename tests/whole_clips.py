"""Whole clips through `run` into files of five kinds, each held to its source by `verify`.

    python tests/whole_clips.py CLIPS [--only WORD]

CLIPS is a folder of clips. Prints a line for each output, and ends with 1 if any does not hold.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMMAND = Path(sys.executable).with_name("sinet-video")

OUTPUTS = {
    "o.mp4": ("--preset", "ultrafast"),
    "o.webm": (),
    "o.mov": (),
    "o.mkv": ("--codec", "ffv1"),
    "images": (),
}


def problems(source: Path, output: Path, options: tuple[str, ...]) -> str:
    """Make an output and verify it; return what is wrong, or nothing."""
    for words in (
        ("run", source, output, *options, "--quiet"),
        ("verify", output, "--against", source),
    ):
        done = subprocess.run([COMMAND, *words], capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stdout + done.stderr).strip().splitlines()
            bad = [line for line in said if "fail" in line.lower() or "error" in line.lower()]
            return f"{words[0]}: {' / '.join(bad or said[-3:])}"
    return ""


def main() -> None:
    """Go through all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--only", default="", help="Only clips with this in their name.")
    wanted = parser.parse_args()
    wrong, count = 0, 0
    for source in sorted(wanted.clips.iterdir()):
        if wanted.only not in source.name:
            continue
        for name, options in OUTPUTS.items():
            begun = time.monotonic()
            with tempfile.TemporaryDirectory() as folder:
                found = problems(source, Path(folder) / name, options)
            spent = f"{time.monotonic() - begun:.0f} s"
            print(f"{source.name:32} {name:9} {found or 'holds'} ({spent})", flush=True)
            wrong, count = wrong + bool(found), count + 1
    print(f"{count - wrong} of {count} hold")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
