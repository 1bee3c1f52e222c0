"""How a training is watched: IoU at the images' own size, folder by folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from made_people import source, write_people
from torch import Tensor, nn

from sinet_video.models.input_settings import InputSize
from sinet_video.models.sinet import SINet
from sinet_video.training.datasets import Data, Empty, Labelled
from sinet_video.training.image_folder import Pair, list_pairs, read_image, write_image
from sinet_video.training.samples.photographs import Stock
from sinet_video.training.validation import (
    WATCHED,
    false_finds,
    hardness,
    image_iou,
    validate,
    watched,
)


class Bright(nn.Module):
    """Sees a person where it is bright, or everywhere else; notes what it was given."""

    def __init__(self, sign: float = 1.0) -> None:
        super().__init__()
        self.sign, self.shapes = sign, []

    def alpha(self, images: Tensor) -> Tensor:
        self.shapes.append(tuple(images.shape))
        return torch.sigmoid(self.sign * (images.float().amax(3) - 120))


@pytest.fixture
def people(tmp_path: Path) -> list[Pair]:
    """Three made people."""
    return list_pairs(write_people(tmp_path / "people", 3)).pairs


def test_who_sees_all_has_nearly_one(people):
    """And who sees the opposite, nothing."""
    assert all(image_iou(Bright(), pair) > 0.95 for pair in people)
    assert all(image_iou(Bright(-1.0), pair) < 0.02 for pair in people)


def test_the_network_is_given_its_usual_size(people):
    """In the image's aspect, whatever the image's size."""
    network = Bright()
    image_iou(network, people[0])
    width, height = InputSize().of(80 / 96)
    assert network.shapes == [(1, height, width, 3)]


def test_folders_by_name_and_mean(people):
    """A folder without images is not there."""
    found = validate(Bright(), {"all": people, "one": people[:1], "none": []})
    assert set(found) == {"all", "one"}
    assert found["one"] == image_iou(Bright(), people[0])
    assert found["all"] == pytest.approx(np.mean([image_iou(Bright(), p) for p in people]))


def test_a_real_network_is_left_as_it_was(people):
    """In its mode, without gradients."""
    torch.manual_seed(1)
    network = SINet().eval()
    assert 0 <= image_iou(network, people[0]) <= 1
    assert all(parameter.grad is None for parameter in network.parameters())


def test_images_of_any_aspect(tmp_path):
    """Wide ones, and small ones."""
    mask = np.zeros((40, 200), np.uint8)
    mask[:, 50:120] = 255
    write_image(tmp_path / "m.png", mask)
    write_image(tmp_path / "p.png", np.repeat(mask[..., None], 3, 2))
    assert image_iou(Bright(), Pair(tmp_path / "p.png", tmp_path / "m.png")) > 0.9


# Images without people


@pytest.fixture
def rooms(tmp_path: Path) -> list[Path]:
    """A dark room, one with a bright spot of a hundredth of it, and one of a thousandth."""
    paths = []
    for index, side in enumerate((0, 16, 5)):
        room = np.zeros((160, 160, 3), np.uint8)
        room[:side, :side] = 255
        write_image(tmp_path / "rooms" / f"{index}.png", room)
        paths.append(tmp_path / "rooms" / f"{index}.png")
    return paths


def test_a_false_find_is_more_than_half_a_per_cent(rooms):
    """Of three rooms one has more."""
    assert false_finds(Bright(), rooms) == pytest.approx(1 / 3)
    assert false_finds(Bright(), []) == 0


def test_hard_images_are_drawn_more_often(rooms):
    """In proportion to what is found, up to the factor."""
    sources = [source(read_image(path)) for path in rooms]
    (odds,) = hardness(Bright(), [sources], 10.0)
    assert odds[0] == 1
    assert odds[1] == pytest.approx(2, abs=0.3)
    assert 1 <= odds[2] < 1.3


def test_the_mean_weighs_each_folder(people, rooms):
    """False finds count as what they leave."""
    stock = Stock(validation={"people": people}, watched_empty={"rooms": rooms})
    data = Data((Labelled("people", watched=3.0),), empty=(Empty("rooms", watched=1.0),))
    found = watched(Bright(), stock, data)
    expected = (3 * found["IoU people"] + (1 - found["false rooms"])) / 4
    assert found[WATCHED] == pytest.approx(expected)
    assert WATCHED not in watched(Bright(), Stock(), Data((Labelled("people"),)))
