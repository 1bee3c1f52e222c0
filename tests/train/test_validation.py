"""How a training is watched: IoU at the pictures' own size, folder by folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from made_people import write_people
from torch import Tensor, nn

from sinet_video.models.input_settings import InputSize
from sinet_video.models.sinet import SINet
from sinet_video.train.image_folder import Pair, list_pairs, write_picture
from sinet_video.train.validation import picture_iou, validate


class Bright(nn.Module):
    """Sees a person where it is bright, or everywhere else; notes what it was given."""

    def __init__(self, sign: float = 1.0) -> None:
        super().__init__()
        self.sign, self.shapes = sign, []

    def alpha(self, pictures: Tensor) -> Tensor:
        self.shapes.append(tuple(pictures.shape))
        return torch.sigmoid(self.sign * (pictures.float().amax(3) - 120))


@pytest.fixture
def people(tmp_path: Path) -> list[Pair]:
    """Three made people."""
    return list_pairs(write_people(tmp_path / "people", 3)).pairs


def test_who_sees_all_has_nearly_one(people):
    """And who sees the opposite, nothing."""
    assert all(picture_iou(Bright(), pair) > 0.95 for pair in people)
    assert all(picture_iou(Bright(-1.0), pair) < 0.02 for pair in people)


def test_the_network_is_given_its_usual_size(people):
    """In the picture's aspect, whatever the picture's size."""
    network = Bright()
    picture_iou(network, people[0])
    width, height = InputSize().of(80 / 96)
    assert network.shapes == [(1, height, width, 3)]


def test_folders_by_name_and_mean(people):
    """A folder without pictures is not there."""
    found = validate(Bright(), {"all": people, "one": people[:1], "none": []})
    assert set(found) == {"all", "one"}
    assert found["one"] == picture_iou(Bright(), people[0])
    assert found["all"] == pytest.approx(np.mean([picture_iou(Bright(), p) for p in people]))


def test_a_real_network_is_left_as_it_was(people):
    """In its mode, without gradients."""
    torch.manual_seed(1)
    network = SINet().eval()
    assert 0 <= picture_iou(network, people[0]) <= 1
    assert all(parameter.grad is None for parameter in network.parameters())


def test_pictures_of_any_aspect(tmp_path):
    """Wide ones, and small ones."""
    mask = np.zeros((40, 200), np.uint8)
    mask[:, 50:120] = 255
    write_picture(tmp_path / "m.png", mask)
    write_picture(tmp_path / "p.png", np.repeat(mask[..., None], 3, 2))
    assert picture_iou(Bright(), Pair(tmp_path / "p.png", tmp_path / "m.png")) > 0.9
