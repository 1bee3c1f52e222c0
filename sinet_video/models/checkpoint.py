"""Checkpoints: reading and writing the weights of a network."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sinet_video.errors import WeightsError
from sinet_video.models.network import Network
from sinet_video.models.registry import architecture_of_state
from sinet_video.models.sinet import SINet

LARGEST = 256 << 20
"""Bytes that a checkpoint may hold: hundreds of times what any of these networks has."""

OF_TRAINING = frozenset({"recipe", "networks", "optimiser"})
"""What a training's own checkpoint has."""


def load(path: str | Path) -> SINet:
    """Return the portrait network with the weights of a checkpoint, in evaluation mode.

    `path` is a file that `save` wrote, or one from the reference code. Nothing in the file is
    executed. Raises `WeightsError` if it cannot be read or does not fit.
    """
    network = load_any(path)
    if isinstance(network, SINet):
        return network
    raise WeightsError(f"{path} holds the weights of the Cityscapes network, not of portraits.")


def load_any(path: str | Path) -> Network:
    """Return the network of a checkpoint, recognised by its keys; otherwise as `load`.

    Raises `WeightsError` like `load`.
    """
    state = _read(Path(path))
    try:
        network: Network = architecture_of_state(state).code.from_state(state)
    except (RuntimeError, AttributeError, IndexError, KeyError, TypeError) as error:
        raise WeightsError(
            f"{path} does not hold the weights of SINet: {_first_words(str(error))}"
        ) from error
    return network.eval()


def save(network: Network, path: str | Path, *, half: bool = False) -> None:
    """Write a checkpoint: the state dict, which includes the preprocessing.

    With `half`, all values that fit are rounded to 16 bits and stored in one block of the file,
    which makes it less than half as large.
    """
    state = network.state_dict()
    torch.save(_packed(state) if half else state, path)


def _packed(state: dict[str, Tensor]) -> dict[str, Tensor]:
    values = {name: value for name, value in state.items() if value.is_floating_point()}
    # Variances can reach millions, which overflows 16 bits.
    large = {name: value.clone() for name, value in values.items() if _overflows(value)}
    small = {name: value for name, value in values.items() if name not in large}
    block = torch.cat([value.reshape(-1) for value in small.values()]).half()
    parts = torch.split(block, [value.numel() for value in small.values()])
    rounded = zip(small.items(), parts, strict=True)
    return {name: part.view(value.shape) for (name, value), part in rounded} | large


def _overflows(value: Tensor) -> bool:
    return not bool(value.half().isfinite().all())


def _read(path: Path) -> dict[str, Any]:
    _check_size(path)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise WeightsError(f"There is no weights file {path}.") from error
    except Exception as error:  # a file of another kind can make the reader raise anything
        raise WeightsError(
            f"{path} is not a checkpoint that can be loaded without running what is in it; give a "
            "state dict saved by torch, or an ONNX file."
        ) from error
    if not isinstance(state, dict):
        raise WeightsError(f"{path} holds a {type(state).__name__}, not a state dict.")
    if state.keys() >= OF_TRAINING:
        raise WeightsError(
            f"{path} is for a training to continue from; its weights are beside it, in weights.pth "
            "once it has ended, and in best.pth."
        )
    values = sum(value.numel() for value in state.values() if isinstance(value, Tensor))
    if values * 4 > LARGEST:  # which a few bytes can stand for, until somebody computes with them
        raise WeightsError(f"{path} holds {values} values; it does not hold the weights of SINet.")
    return state


def _check_size(path: Path) -> None:
    """Raise `WeightsError` for a file that unpacks to what would fill the memory."""
    try:
        size = path.stat().st_size
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                size = max(size, sum(each.file_size for each in packed.infolist()))
    except (OSError, zipfile.BadZipFile, ValueError):
        return  # what is wrong with it is for the reader to say
    if size > LARGEST:
        raise WeightsError(
            f"{path} holds {size} bytes when it is unpacked; weights of SINet have less than "
            f"{LARGEST}."
        )


def _first_words(message: str, length: int = 160) -> str:
    """Return the first words of what torch says of a state, as the end of a sentence."""
    said = " ".join(message.split())
    if len(said) > length:
        said = said[:length].rpartition(" ")[0] + " ..."
    return said if said.endswith(".") else f"{said}."
