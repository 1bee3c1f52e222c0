"""Checkpoints: where weights come from, and how they get into the network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sinet_video.errors import WeightsError
from sinet_video.models import sinet_cityscapes
from sinet_video.models.sinet import SINet
from sinet_video.models.sinet_cityscapes import CityscapesSINet

# What the reference's training did to 8-bit BGR values: subtract, divide, and divide by 255.
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
CITYSCAPES_NAMES: Names = (
    (r"^bn_4\.", "coarse_norm."),
    (r"^level3_C\.", "detail."),
    (r"^bn_3\.", "fine_norm."),
    (r"^classifier\.", "classify."),
    *REFERENCE_NAMES,
)

Network = SINet | CityscapesSINet


def load(path: str | Path) -> SINet:
    """Return the portrait network with the weights of a checkpoint, in evaluation mode.

    `path` is a file that `save` wrote, or one of the reference code's own. Nothing in the file is
    executed. Raises `WeightsError` when it cannot be read or does not fit.
    """
    network = load_any(path)
    if isinstance(network, SINet):
        return network
    raise WeightsError(f"{path} holds the weights of the Cityscapes network, not of portraits.")


def load_any(path: str | Path) -> Network:
    """Return the network that a checkpoint is of, told by its keys; else as `load`."""
    state = _read(Path(path))
    try:
        network = _made_of(state)
    except (RuntimeError, AttributeError, IndexError, KeyError, TypeError) as error:
        raise WeightsError(
            f"{path} does not hold the weights of SINet: {_first_words(str(error))}"
        ) from error
    return network.eval()


def _made_of(state: dict[str, Any]) -> Network:
    reference = "encoder.level1.conv.weight" in state
    if "level3_C.conv.weight" in state or "encoder.down4.depthwise.weight" in state:
        streets = CityscapesSINet()
        streets.load_state_dict(from_cityscapes_reference(state) if reference else state)
        return streets
    portrait = SINet()
    portrait.load_state_dict(from_reference(state) if reference else state)
    return portrait


def save(network: Network, path: str | Path, *, half: bool = False) -> None:
    """Write a checkpoint: the state dict, in which the preprocessing is a part.

    With `half`, all values that 16 bits can hold are rounded to them and share one block of the
    file, which makes it less than half as large.
    """
    state = network.state_dict()
    torch.save(_packed(state) if half else state, path)


def _packed(state: dict[str, Tensor]) -> dict[str, Tensor]:
    values = {name: value for name, value in state.items() if value.is_floating_point()}
    # Variances can be millions, which 16 bits do not reach.
    large = {name: value.clone() for name, value in values.items() if _overflows(value)}
    small = {name: value for name, value in values.items() if name not in large}
    block = torch.cat([value.reshape(-1) for value in small.values()]).half()
    parts = torch.split(block, [value.numel() for value in small.values()])
    rounded = zip(small.items(), parts, strict=True)
    return {name: part.view(value.shape) for (name, value), part in rounded} | large


def _overflows(value: Tensor) -> bool:
    return not bool(value.half().isfinite().all())


def from_reference(
    state: dict[str, Any],
    mean: tuple[float, ...] = REFERENCE_MEAN,
    std: tuple[float, ...] = REFERENCE_STD,
    scale: float = REFERENCE_SCALE,
) -> dict[str, Any]:
    """Turn the reference code's state dict, for BGR pictures, into ours, for RGB pictures.

    `mean` and `std` are in 8-bit units and BGR order. That the released weights want `scale` is not
    in their file: a network trained without the second division says 1.
    """
    ours = _renamed(state, PORTRAIT_NAMES)
    ours["encoder.stem.conv.weight"] = ours["encoder.stem.conv.weight"].flip(1)
    ours["mean"] = torch.tensor(mean[::-1])
    ours["std"] = torch.tensor(std[::-1])
    ours["scale"] = torch.tensor(scale)
    return ours


def from_cityscapes_reference(state: dict[str, Any]) -> dict[str, Any]:
    """Turn the reference code's state dict of the Cityscapes network, for RGB too, into ours."""
    ours = _renamed(state, CITYSCAPES_NAMES)
    ours["mean"] = torch.tensor(sinet_cityscapes.MEAN)
    ours["std"] = torch.tensor(sinet_cityscapes.STD)
    ours["scale"] = torch.tensor(1.0)
    return ours


def _renamed(state: dict[str, Any], names: Names) -> dict[str, Any]:
    return {_our_name(key, names): value for key, value in state.items()}


def _our_name(key: str, names: Names) -> str:
    for pattern, replacement in names:
        key = re.sub(pattern, replacement, key)
    return key


def _read(path: Path) -> dict[str, Any]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise WeightsError(f"There is no weights file {path}.") from error
    except Exception as error:  # a file of another kind can make the reader fail in any way
        raise WeightsError(
            f"{path} is not a checkpoint that can be loaded without running what is in it; give a "
            "state dict saved by torch, or an ONNX file."
        ) from error
    if not isinstance(state, dict):
        raise WeightsError(f"{path} holds a {type(state).__name__}, not a state dict.")
    return state


def _first_words(message: str, length: int = 160) -> str:
    return " ".join(message.split())[:length]
