"""Threads for the time of a training, and memory."""

from __future__ import annotations

import sys

import cv2
import pytest
import torch

from sinet_video.training.process_tuning import SWITCH_SECONDS, keep_memory, shared_among_shards


def settings() -> tuple[int, float, int]:
    """Threads of torch, the interpreter's switching, threads of OpenCV."""
    return torch.get_num_threads(), sys.getswitchinterval(), cv2.getNumThreads()


def test_threads_are_as_before_afterwards():
    """Whether it ends well or not."""
    before = settings()
    with shared_among_shards():
        assert settings() == (1, pytest.approx(SWITCH_SECONDS), 1)
    assert settings() == before
    with pytest.raises(KeyError), shared_among_shards():
        raise KeyError
    assert settings() == before


def test_memory_can_be_kept_twice():
    """It is a setting, not a count."""
    keep_memory()
    keep_memory()
