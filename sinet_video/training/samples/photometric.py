"""Photometric augmentation: what cameras, lamps and codecs do to an image."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from sinet_video.media.arrays import Array
from sinet_video.training.recipe import Light

LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def toned(rng: np.random.Generator, image: Array, light: Light) -> Array:
    """Vary brightness, contrast, saturation, tint and gamma of an image (h, w, 3) uint8."""
    saturation = 0.0 if rng.random() < light.grey else 1 + _spread(rng, light.saturation)
    colours = saturation * np.eye(3, dtype=np.float32) + (1 - saturation) * LUMA
    gain = (1 + _spread(rng, light.contrast)) * (1 + _spread(rng, light.tint, 3))
    offset = 128 * (1 - gain.mean()) + 255 * _spread(rng, light.brightness)
    matrix = np.column_stack([gain[:, None] * colours, np.full(3, offset)])
    varied = cv2.transform(image, matrix.astype(np.float32))
    exponent = np.exp(_spread(rng, light.gamma))
    table = 255 * (np.arange(256) / 255) ** exponent
    return cv2.LUT(varied, np.clip(table + 0.5, 0, 255).astype(np.uint8))


def _spread(rng: np.random.Generator, most: float, count: int | None = None) -> Any:
    return rng.uniform(-most, most, count)


def worn(rng: np.random.Generator, image: Array, light: Light, grain: Array) -> Array:
    """Reduce sharpness, and add noise and compression artefacts.

    `grain` is a large field (H, W, 3) float32 of standard normal values, used as noise.
    """
    if rng.random() < light.blur:
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.4, 1.6)))
    if light.dark and rng.random() < light.dark:
        image = _dark(rng, image, grain)
    deviation = float(rng.uniform(0, light.noise))
    if deviation > 0.5:
        noisy = image + deviation * _piece(rng, grain, image.shape[0], image.shape[1])
        image = np.clip(noisy + 0.5, 0, 255).astype(np.uint8)
    if rng.random() < light.compression:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 80))]
        marked = cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], cv2.IMREAD_COLOR)
        image = np.asarray(marked)
    return image


def _piece(rng: np.random.Generator, grain: Array, height: int, width: int) -> Array:
    """Return a piece of a field, from anywhere."""
    top, left = (
        int(rng.integers(n - m + 1)) for n, m in zip(grain.shape[:2], (height, width), strict=True)
    )
    return grain[top : top + height, left : left + width]


def _dark(rng: np.random.Generator, image: Array, grain: Array) -> Array:
    """Take light away and add what a small sensor gives: noise in spots of two or three pixels."""
    height, width = image.shape[:2]
    spots = _piece(rng, grain, -(-height // 2), -(-width // 2))
    coarse = cv2.resize(spots, (width, height), interpolation=cv2.INTER_LINEAR)
    lit = image * float(rng.uniform(0.2, 0.75)) + float(rng.uniform(2, 10)) * coarse
    return np.clip(lit + 0.5, 0, 255).astype(np.uint8)


def grain_field(seed: int, side: int = 768) -> Array:
    """Return the field that `worn` uses as noise, (side, side, 3) float32."""
    return np.random.default_rng(seed).standard_normal((side, side, 3), np.float32)
