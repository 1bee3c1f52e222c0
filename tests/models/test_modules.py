"""Modules of torch as segmenters."""

from __future__ import annotations

import numpy as np
import pytest

import sinet_video
from sinet_video.models.segmenter import is_module, run_module

torch = pytest.importorskip("torch")

IMAGE = np.random.default_rng(0).integers(0, 255, (24, 40, 3)).astype(np.uint8)


class Mean(torch.nn.Module):
    """Answers with the mean of the channels, through what would learn in training mode."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = torch.nn.BatchNorm2d(1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return alpha."""
        assert image.shape[:2] == (1, 3)
        return self.norm(image.mean(1, keepdim=True)).clamp(0, 1)


class Answer(torch.nn.Module):
    """Answers with what it is told to."""

    def __init__(self, answer: object) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, image: torch.Tensor) -> object:
        """Return it."""
        return self.answer


def test_it_gets_rgb_and_does_not_learn() -> None:
    """From 0 to 1, in evaluation mode; the module stays in the mode that it was in."""
    module = Mean().train()
    before = module.norm.running_mean.clone()
    alpha = run_module(module, IMAGE)
    np.testing.assert_allclose(alpha, IMAGE.mean(2) / 255, atol=1e-4)
    assert module.training
    assert torch.equal(module.norm.running_mean, before)


def test_logits_of_two_classes() -> None:
    """The second is the person."""
    logits = torch.zeros(1, 2, 4, 6)
    logits[:, 1, :, 3:] = 20
    alpha = run_module(Answer(logits), IMAGE)
    np.testing.assert_allclose(alpha, [[0.5] * 3 + [1] * 3] * 4, atol=1e-6)


@pytest.mark.parametrize("answer", [None, torch.zeros(4, 6), torch.zeros(1, 3, 4, 6)])
def test_another_answer_is_refused(answer: object) -> None:
    """With its shape, and what it should be."""
    with pytest.raises(sinet_video.SettingError, match=r"\(1, 1, h, w\)"):
        run_module(Answer(answer), IMAGE)


def test_it_is_a_segmenter() -> None:
    """In settings, as a function is; what it answers is checked as theirs."""
    settings = sinet_video.Settings(segmenter=Mean(), smoothing=None, following=None)
    (made,) = sinet_video.matte([IMAGE], rate=1, settings=settings)
    assert made.alpha.shape == IMAGE.shape[:2]
    wrong = sinet_video.Settings(segmenter=Answer(torch.full((1, 1, 4, 6), 7.0)))
    with pytest.raises(sinet_video.SettingError, match="between 0 and 1"):
        list(sinet_video.matte([IMAGE], rate=1, settings=wrong))
    assert is_module(Mean())
    assert not is_module(len)
