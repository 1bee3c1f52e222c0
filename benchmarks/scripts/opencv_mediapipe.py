"""The script that people write: OpenCV reads, MediaPipe's selfie network cuts out, ffmpeg encodes.

    python opencv_mediapipe.py CLIP OUTPUT

Its environment: pip install "mediapipe<0.10.22", and ffmpeg. What OpenCV's own encoder writes is
larger and worse, so the frames go to ffmpeg with the same settings as everywhere else.
"""

import subprocess
import sys

import cv2
import mediapipe
import numpy as np

GREEN = np.array([0, 255, 0], np.float32)


def main() -> None:
    """Composite every frame over green."""
    source, target = sys.argv[1:]
    reader = cv2.VideoCapture(source)
    width, height, rate = (
        reader.get(cv2.CAP_PROP_FRAME_WIDTH),
        reader.get(cv2.CAP_PROP_FRAME_HEIGHT),
        reader.get(cv2.CAP_PROP_FPS),
    )
    raw = [
        "-f",
        "rawvideo",
        "-pix_fmt",
        "bgr24",
        "-s",
        f"{width:.0f}x{height:.0f}",
        "-r",
        f"{rate}",
    ]
    x264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p"]
    command = ["ffmpeg", "-v", "error", "-y", *raw, "-i", "-", *x264, target]
    encoder = subprocess.Popen(command, stdin=subprocess.PIPE)
    with mediapipe.solutions.selfie_segmentation.SelfieSegmentation(model_selection=0) as network:
        while True:
            more, frame = reader.read()
            if not more:
                break
            mask = network.process(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)).segmentation_mask
            alpha = mask[..., None]
            encoder.stdin.write((frame * alpha + GREEN * (1 - alpha)).astype(np.uint8).tobytes())
    encoder.stdin.close()
    sys.exit(encoder.wait())


main()
