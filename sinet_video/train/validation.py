"""How a training does on pictures that it does not learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import torch

from sinet_video.models.input_settings import InputSize
from sinet_video.models.sinet import SINet
from sinet_video.quality.metrics import foreground_iou
from sinet_video.train.image_folder import Pair, read_pair


def validate(network: SINet, folders: Mapping[str, Sequence[Pair]]) -> dict[str, float]:
    """Return each folder's mean foreground IoU, at the pictures' own size and aspect."""
    return {
        folder: float(np.mean([picture_iou(network, pair) for pair in pairs]))
        for folder, pairs in folders.items()
        if pairs
    }


@torch.inference_mode()
def picture_iou(network: SINet, pair: Pair) -> float:
    """Return the foreground IoU on one picture, the network given its default size."""
    picture, mask = read_pair(pair)
    height, width = mask.shape
    size = InputSize().of(width / height)
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    alpha = network.alpha(torch.from_numpy(small)[None])[0].numpy()
    large = cv2.resize(alpha, (width, height), interpolation=cv2.INTER_LINEAR)
    return foreground_iou(large > 0.5, mask > 127)
