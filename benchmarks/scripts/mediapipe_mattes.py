"""MediaPipe's selfie network on images or on a clip: NAME.png of each, or 000000.png of each frame.

    python benchmarks/scripts/mediapipe_mattes.py FOLDER|CLIP OUTPUT [--landscape]

For an environment that has mediapipe and opencv-python. `sinet-video evaluate --predictions` and
`--matte` measure what it writes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import mediapipe
import numpy as np


def images(source: Path) -> Iterator[tuple[str, Any]]:
    """Yield names and BGR images, of a folder or a clip."""
    if source.is_dir():
        for path in sorted(source.iterdir()):
            yield path.stem, cv2.imread(str(path), cv2.IMREAD_COLOR)
        return
    capture, index = cv2.VideoCapture(str(source)), 0
    while (read := capture.read())[0]:
        yield f"{index:06d}", read[1]
        index += 1


def main() -> None:
    """Write the mattes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--landscape", action="store_true", help="its network for wide images")
    given = parser.parse_args()
    given.output.mkdir(parents=True)
    network = mediapipe.solutions.selfie_segmentation.SelfieSegmentation(
        model_selection=int(given.landscape)
    )
    for name, image in images(given.source):
        alpha = network.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).segmentation_mask
        grey = (np.clip(alpha, 0, 1) * 65535 + 0.5).astype(np.uint16)
        cv2.imwrite(str(given.output / f"{name}.png"), grey)


if __name__ == "__main__":
    main()
