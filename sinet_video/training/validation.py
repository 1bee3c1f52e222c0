"""Validation: the network's accuracy on images that it is not trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch

from sinet_video.media.arrays import Array
from sinet_video.models.input_settings import InputSize
from sinet_video.models.sinet import SINet
from sinet_video.quality.metrics import foreground_iou
from sinet_video.training.datasets import Data
from sinet_video.training.evaluate.scores import FALSE_FIND
from sinet_video.training.image_folder import Pair, read_image, read_pair
from sinet_video.training.samples.photographs import Photograph, Stock

WATCHED = "watched"
"""Name of the mean of all that is watched."""


def watched(network: SINet, stock: Stock, data: Data) -> dict[str, float]:
    """Return each folder's IoU, or share of false finds where nobody is, and their mean.

    The mean is named `WATCHED`; in it false finds count as what they leave of 1.
    """
    found, parts, weights = {}, [], []
    for folder, score in validate(network, stock.validation).items():
        found[f"IoU {folder}"] = score
        parts.append(score)
        weights.append(next(own.watched for own in data.labelled if own.folder == folder))
    empty = {own.folder: own.watched for own in data.empty}
    for folder, share in watched_false_finds(network, stock.watched_empty).items():
        found[f"false {folder}"] = share
        parts.append(1 - share)
        weights.append(empty[folder])
    if any(weights):
        found[WATCHED] = float(np.average(parts, weights=weights))
    return found


def watched_false_finds(network: SINet, folders: Mapping[str, Sequence[Path]]) -> dict[str, float]:
    """Return each folder's share of images without people in which some are found."""
    return {folder: false_finds(network, paths) for folder, paths in folders.items() if paths}


def false_finds(network: SINet, images: Sequence[Path]) -> float:
    """Return the part of images without people in which more than `FALSE_FIND` of it is found."""
    found = [found_part(network, read_image(path)) > FALSE_FIND for path in images]
    return float(np.mean(found)) if found else 0.0


def hardness(
    network: SINet, folders: Sequence[Sequence[Photograph]], factor: float
) -> list[list[float]]:
    """Return how often each image of nobody is to be drawn: once, and more where some is found.

    The more the larger the part found is, up to `factor` times more at a tenth of the image.
    """
    return [
        [1 + factor * min(1.0, 10 * found_part(network, source.levels[0])) for source in folder]
        for folder in folders
    ]


@torch.inference_mode()
def found_part(network: SINet, image: Array) -> float:
    """Return the part of an image (H, W, 3) that is taken for people."""
    height, width = image.shape[:2]
    small = cv2.resize(image, InputSize().of(width / height), interpolation=cv2.INTER_AREA)
    alpha = network.alpha(torch.from_numpy(small)[None])[0]
    return float((alpha > 0.5).float().mean())


def validate(network: SINet, folders: Mapping[str, Sequence[Pair]]) -> dict[str, float]:
    """Return each folder's mean foreground IoU, at the images' own size and aspect ratio."""
    return {
        folder: float(np.mean([image_iou(network, pair) for pair in pairs]))
        for folder, pairs in folders.items()
        if pairs
    }


@torch.inference_mode()
def image_iou(network: SINet, pair: Pair) -> float:
    """Return the foreground IoU on one image, at the network's default input size."""
    image, mask = read_pair(pair)
    height, width = mask.shape
    size = InputSize().of(width / height)
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    alpha = network.alpha(torch.from_numpy(small)[None])[0].numpy()
    large = cv2.resize(alpha, (width, height), interpolation=cv2.INTER_LINEAR)
    return foreground_iou(large > 0.5, mask > 127)
