"""Modules of torch as segmenters."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sinet_video.errors import SettingError


def is_module(segmenter: object) -> bool:
    """Whether something is an nn.Module; torch is not imported to find out."""
    torch: Any = sys.modules.get("torch")
    return torch is not None and isinstance(segmenter, torch.nn.Module)


def run_module(module: Any, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the alpha that a module gives for an image, (h, w, 3) uint8 RGB; see `Segmenter`.

    The module gets (1, 3, h, w) in [0, 1], on its own device and in its own type, in evaluation
    mode. It answers with alpha, (1, 1, h, w), or with the logits of two classes, background and
    person, (1, 2, h, w). Raises `SettingError` for any other answer.
    """
    import torch

    weight = next(module.parameters(), torch.empty(0))
    given = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None]
    given = given.to(weight.device, weight.dtype) / 255
    training = module.training
    module.eval()
    try:
        with torch.inference_mode():
            answer = module(given)
    finally:
        module.train(training)
    alpha: NDArray[np.float32] = _alpha(answer, torch).float().cpu().numpy()
    return alpha


def _alpha(answer: Any, torch: Any) -> Any:
    shape = tuple(getattr(answer, "shape", ()))
    if isinstance(answer, torch.Tensor) and len(shape) == 4 and shape[0] == 1:
        if shape[1] == 1:
            return answer[0, 0]
        if shape[1] == 2:
            return answer.softmax(1)[0, 1]
    raise SettingError(
        f"The module answered with {type(answer).__name__} of shape {shape}; it must answer with "
        "alpha, (1, 1, h, w), or with the logits of background and person, (1, 2, h, w)."
    )
