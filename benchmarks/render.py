"""The page of all figures of speed, from what the other programs wrote.

    python benchmarks/render.py FOLDER [--page docs/performance.md]

FOLDER has the JSON files that --json of the others wrote; `make bench CLIP=FILE` makes them all.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from measuring import Row, table

INTRODUCTION = """# Performance

Rendered by `benchmarks/render.py` from what `make bench CLIP=FILE` measured. Ratios are medians of
rounds in which both sides took turns; a ratio of 1.2 to ffmpeg means a fifth more than only
re-encoding the clip. Ratios of wall time are only valid if the load, which was taken at the end, is
that of the benchmark itself.
"""


def section(whole: Row, before: Row | None) -> str:
    """Return the part of the page for one file, without the heading if the part before has it."""
    told = ", ".join(f"{name} {value}" for name, value in whole["facts"].items())
    heading = "" if before and before["title"] == whole["title"] else f"## {whole['title']}\n\n"
    return f"{heading}{told}.\n\n{table(whole['rows'])}"


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--page", type=Path, default=Path("docs/performance.md"))
    given = parser.parse_args()
    wholes = [json.loads(path.read_text()) for path in sorted(given.folder.glob("*.json"))]
    if not wholes:
        raise SystemExit(f"There are no JSON files in {given.folder}; run `make bench` first.")
    sections = map(section, wholes, [None, *wholes])
    given.page.write_text("\n".join([INTRODUCTION, *sections]))
    print(f"Wrote {given.page} from {len(wholes)} files.")


if __name__ == "__main__":
    main()
