"""Conversion of the reference code's state dicts to ours."""

from __future__ import annotations

import re
from typing import Any

import torch

# The reference's preprocessing of 8-bit BGR values: subtract, divide, and divide by 255.
REFERENCE_MEAN = (107.304565, 115.69884, 132.35703)
REFERENCE_STD = (63.97182, 65.1337, 68.29726)
REFERENCE_SCALE = 1 / 255

# The reference codes' names and ours, tried in order on each key.
Names = tuple[tuple[str, str], ...]
REFERENCE_NAMES: Names = (
    (r"^encoder\.level1\.", "encoder.stem."),
    (r"^encoder\.level([2-4])_0\.conv\.0\.", r"encoder.down\1.depthwise."),
    (r"^encoder\.level([2-4])_0\.conv\.1\.", r"encoder.down\1.excite."),
    (r"^encoder\.level([2-4])_0\.conv\.2\.", r"encoder.down\1.pointwise."),
    (r"^encoder\.level([2-4])_0\.", r"encoder.down\1."),
    (r"\.c1\.conv\.", ".reduce."),
    (r"\.d1\.", ".blocks.0."),
    (r"\.d2\.", ".blocks.1."),
    (r"(blocks\.\d)\.conv\.0\.", r"\1.depthwise."),
    (r"(blocks\.\d)\.conv\.1\.", r"\1.depthwise_norm."),
    (r"\.B_v\.", ".vertical_norm."),
    (r"\.B_h\.", ".horizontal_norm."),
    (r"\.act_conv1x1\.0\.", ".act."),
    (r"\.act_conv1x1\.1\.", ".pointwise."),
    (r"\.BR\.", ".post."),
    (r"\.BR([2-4])\.", r".post\1."),
    (r"^encoder\.classifier\.conv\.", "encoder.classify."),
    (r"\.bn\.", ".norm."),
)
PORTRAIT_NAMES: Names = (
    (r"^bn_3\.", "coarse_norm."),
    (r"^level2_C\.", "detail."),
    (r"^bn_2\.", "fine_norm."),
    (r"^classifier\.1\.", "classify."),
    *REFERENCE_NAMES,
)


def from_reference(
    state: dict[str, Any],
    mean: tuple[float, ...] = REFERENCE_MEAN,
    std: tuple[float, ...] = REFERENCE_STD,
    scale: float = REFERENCE_SCALE,
) -> dict[str, Any]:
    """Convert the reference code's state dict, for BGR images, to ours, for RGB images.

    `mean` and `std` are in 8-bit units and BGR order. The released weights need `scale`, which
    their file does not state; for a network trained without the second division, pass 1.
    """
    ours = renamed(state, PORTRAIT_NAMES)
    ours["encoder.stem.conv.weight"] = ours["encoder.stem.conv.weight"].flip(1)
    ours["mean"] = torch.tensor(mean[::-1])
    ours["std"] = torch.tensor(std[::-1])
    ours["scale"] = torch.tensor(scale)
    return ours


def renamed(state: dict[str, Any], names: Names) -> dict[str, Any]:
    """Return a state dict with our names."""
    return {_our_name(key, names): value for key, value in state.items()}


def _our_name(key: str, names: Names) -> str:
    for pattern, replacement in names:
        key = re.sub(pattern, replacement, key)
    return key
