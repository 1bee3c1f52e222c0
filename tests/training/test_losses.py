"""What training makes small, against cases counted by hand."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch
from torch import Tensor

from sinet_video.training.losses import (
    Target,
    dice,
    entropy,
    lovasz,
    person,
    reduced,
    total_loss,
    unsteadiness,
)
from sinet_video.training.recipe import Loss
from sinet_video.training.samples.geometry import grid_motion, placed

SURE = 50.0


def row(*values: float) -> Tensor:
    """One image of one row of pixels."""
    return torch.tensor([[list(map(float, values))]])


def target(label: Tensor, band: Tensor | None = None, **more: Tensor) -> Target:
    """A target whose band is everywhere if none is given."""
    return Target(label, torch.ones_like(label) if band is None else band, **more)


def test_person_is_the_second_class_over_the_first():
    """As softmax has it."""
    logits = torch.randn(2, 2, 3, 4)
    assert torch.allclose(torch.sigmoid(person(logits)), logits.softmax(1)[:, 1])


# Entropy


def test_entropy_by_hand():
    """ln 2 for a coin, nothing for the sure and right, the logit for the sure and wrong."""
    assert entropy(row(0, 0), row(0, 1)).item() == pytest.approx(math.log(2))
    assert entropy(row(SURE, -SURE), row(1, 0)).item() == pytest.approx(0)
    assert entropy(row(SURE), row(0)).item() == pytest.approx(SURE)


def test_entropy_of_a_soft_label():
    """Is least where the alpha is the label's."""
    logit = row(math.log(0.25 / 0.75))
    found = entropy(logit, row(0.25)).item()
    assert found == pytest.approx(-0.25 * math.log(0.25) - 0.75 * math.log(0.75))
    assert entropy(logit + 0.3, row(0.25)) > found
    assert entropy(logit - 0.3, row(0.25)) > found


def test_entropy_in_a_band():
    """The mean over its pixels alone; nothing where there is no band."""
    logit, label = row(0, SURE, -SURE, 0), row(1, 0, 0, 0)
    assert entropy(logit, label, row(1, 1, 0, 0)).item() == pytest.approx((math.log(2) + SURE) / 2)
    assert entropy(logit, label, row(0, 0, 1, 0)).item() == pytest.approx(0)
    assert entropy(logit, label, row(0, 0, 0, 0)).item() == 0


# Dice


def test_dice_by_hand():
    """One less twice what both have over what each has, the smoothing on both sides."""
    label = row(1, 1, 0, 0)
    assert dice(row(SURE, SURE, -SURE, -SURE), label).item() == pytest.approx(0, abs=1e-6)
    wrong = dice(row(-SURE, -SURE, SURE, -SURE), label, smooth=1.0)
    assert wrong.item() == pytest.approx(1 - 1 / (1 + 2 + 1))
    half = dice(row(SURE, -SURE, -SURE, -SURE), label, smooth=1.0)
    assert half.item() == pytest.approx(1 - 3 / 4)


def test_absolute_by_hand():
    """The mean error of alpha, for soft labels as for hard ones, weighted as asked."""
    logits = torch.stack([torch.zeros(1, 2, 2), torch.tensor([[[SURE, -SURE], [0.0, 0.0]]])], 1)
    label = torch.tensor([[[1.0, 1.0], [0.75, 0.0]]])
    eighth = torch.zeros(1, 2, 1, 1)
    weights = Loss(entropy=0.0, absolute=2.0)
    found = total_loss(eighth, logits, target(label), weights)
    assert set(found) == {"absolute"}
    assert found["absolute"].item() == pytest.approx(2 * (0 + 1 + 0.25 + 0.5) / 4)


def test_dice_is_the_mean_over_images():
    """Not over pixels of all."""
    logit = torch.cat([row(SURE, SURE), row(SURE, -SURE)])
    label = torch.cat([row(1, 1), row(1, 1)])
    assert dice(logit, label, smooth=0.0).item() == pytest.approx((0 + 1 - 2 / 3) / 2)


# Lovasz


def jaccard_loss(chosen: tuple[int, ...], truth: tuple[int, ...]) -> float:
    """One less the IoU of the person; nothing where nobody is and nobody is seen."""
    both = sum(a and b for a, b in zip(chosen, truth, strict=True))
    either = sum(a or b for a, b in zip(chosen, truth, strict=True))
    return 1 - both / either if either else 0.0


def test_lovasz_of_hard_decisions_is_the_jaccard_loss():
    """Every decision on every label of five pixels: a hinge of 2 for each that is wrong."""
    for truth in product((0, 1), repeat=5):
        for chosen in product((0, 1), repeat=5):
            found = lovasz(row(*(2 * c - 1 for c in chosen)), row(*truth)).item()
            assert found == pytest.approx(2 * jaccard_loss(chosen, truth), abs=1e-5)


def test_lovasz_by_hand():
    """Errors in order, times what each adds to the Jaccard loss (section 2 of 1705.08790)."""
    # Errors: 1.5 of a person, 0.8 of the background, 0 of a person who is seen.
    found = lovasz(row(-0.5, -0.2, 3.0), row(1, 0, 1)).item()
    after_one, after_two = 1 - 1 / 2, 1 - 1 / 3
    assert found == pytest.approx(1.5 * after_one + 0.8 * (after_two - after_one))


def test_lovasz_is_the_mean_over_images():
    """Each with a Jaccard of its own."""
    one, two = (row(1, -1), row(1, 1)), (row(-1, -1), row(1, 0))
    both = lovasz(torch.cat([one[0], two[0]]), torch.cat([one[1], two[1]]))
    assert both.item() == pytest.approx((lovasz(*one).item() + lovasz(*two).item()) / 2)


def test_lovasz_where_it_counts():
    """As of these pixels alone; nothing, and no error, where there are none."""
    logit, label = row(0.3, -0.5, 2.0, -1.0), row(1, 1, 0, 0)
    found = lovasz(logit, label, row(1, 0, 1, 0)).item()
    assert found == pytest.approx(lovasz(row(0.3, 2.0), row(1, 0)).item())
    assert found != pytest.approx(lovasz(logit, label).item())
    assert lovasz(logit, label, row(0, 0, 0, 0)).item() == 0


# Unsteadiness


def looks(shift: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Alpha and labels of two looks, the second moved to the right, and the motion."""
    torch.manual_seed(1)
    wide_alpha, wide_label = torch.rand(1, 16, 40), (torch.rand(1, 16, 40) > 0.5).float()
    first, second = slice(8, 32), slice(8 - shift, 32 - shift)
    alpha = torch.cat([wide_alpha[..., first], wide_alpha[..., second]])
    label = torch.cat([wide_label[..., first], wide_label[..., second]])
    matrix = placed((1.0, 1.0), 0.0, (0, 0), (shift, 0))
    return alpha, label, torch.from_numpy(grid_motion(matrix, (16, 24)))[None]


@pytest.mark.parametrize("shift", [0, 1, 3, -5])
def test_a_moved_exact_copy_is_steady(shift):
    """Also at the sides, where one look sees what the other does not; else it is not."""
    alpha, label, motion = looks(shift)
    assert unsteadiness(alpha, target(label, motion=motion)).item() == pytest.approx(0, abs=1e-5)
    other = alpha.clone()
    other[1, 4, 12] += 0.5
    expected = 0.5 / (16 * (24 - abs(shift)))
    found = unsteadiness(other, target(label, motion=motion)).item()
    assert found == pytest.approx(expected, rel=1e-3)
    unmoved = looks(0)[2]
    if shift:
        assert unsteadiness(alpha, target(label, motion=unmoved)) > 0.1


def test_the_same_error_twice_is_steady():
    """It is the change that counts."""
    _, label, motion = looks(2)
    assert unsteadiness(1 - label, target(label, motion=motion)).item() == pytest.approx(
        0, abs=1e-5
    )


def test_without_second_looks_there_is_none():
    """And samples that are looked at once do not count."""
    alpha, label, motion = looks(1)
    assert unsteadiness(alpha, target(label)).item() == 0
    more = torch.cat([alpha, torch.rand(3, 16, 24)])
    labels = torch.cat([label, torch.zeros(3, 16, 24)])
    assert unsteadiness(more, target(labels, motion=motion)).item() == pytest.approx(0, abs=1e-5)


# Together


def test_reduced():
    """Labels by their mean, bands by their largest."""
    label, band = torch.zeros(1, 16, 8), torch.zeros(1, 16, 8)
    label[0, :4, :] = 1
    band[0, 9, 3] = 1
    small = reduced(target(label, band))
    assert small.label.tolist() == [[[0.5], [0.0]]]
    assert small.band.tolist() == [[[0.0], [1.0]]]


def logits_and_label() -> tuple[Tensor, Tensor, Tensor]:
    """What an encoder and a network say, and a label."""
    torch.manual_seed(2)
    eighth = torch.randn(2, 2, 4, 4, requires_grad=True)
    logits = torch.randn(2, 2, 32, 32, requires_grad=True)
    return eighth, logits, (torch.rand(2, 32, 32) > 0.5).float()


ALL = Loss(
    entropy=1.0, lovasz=1.0, dice=1.0, absolute=1.0, boundary=1.0, boundary_lovasz=1.0, coarse=1.0,
    steady=1.0, teacher=1.0,
)  # fmt: skip


def test_all_parts_by_name():
    """Each is positive and pulls at the network; only the coarse one at the encoder's decision."""
    eighth, logits, label = logits_and_label()
    motion = looks()[2]
    wanted = target(label, teacher=torch.rand(2, 32, 32), motion=motion)
    parts = total_loss(eighth, logits, wanted, ALL)
    assert set(parts) == {
        "entropy", "lovasz", "dice", "absolute", "boundary", "edge lovasz", "coarse", "steady",
        "teacher",
    }  # fmt: skip
    for name, part in parts.items():
        assert part.item() > 0
        pulled = torch.autograd.grad(part, (eighth, logits), allow_unused=True, retain_graph=True)
        assert [own is not None for own in pulled] == [name == "coarse", name != "coarse"]


def test_parts_are_weighted():
    """And those of weight 0 are not there."""
    eighth, logits, label = logits_and_label()
    (one,) = total_loss(eighth, logits, target(label), Loss()).values()
    (three,) = total_loss(eighth, logits, target(label), Loss(entropy=3.0)).values()
    assert three.item() == pytest.approx(3 * one.item())
    found = total_loss(eighth, logits, target(label), Loss(entropy=0.0, dice=2.0))
    assert list(found) == ["dice"]
    assert found["dice"].item() == pytest.approx(2 * dice(person(logits), label).item())


def test_boundary_parts_see_the_band_alone():
    """What is outside does not change them."""
    eighth, logits, label = logits_and_label()
    band = torch.zeros_like(label)
    band[:, 8:16] = 1
    weights = Loss(entropy=0.0, boundary=1.0, boundary_lovasz=1.0)
    before = total_loss(eighth, logits, target(label, band), weights)
    other = logits.detach().clone()
    other[..., 16:, :] = 9
    after = total_loss(eighth, other, target(label, band), weights)
    assert {k: v.item() for k, v in before.items()} == {k: v.item() for k, v in after.items()}
    other[..., 9, :] = 9
    changed = total_loss(eighth, other, target(label, band), weights)
    assert changed["boundary"] != before["boundary"]


def test_a_stage_of_the_encoder_alone():
    """Its decision at an eighth is judged by the label at an eighth; the rest is not there."""
    eighth, _, label = logits_and_label()
    parts = total_loss(eighth, None, target(label), ALL)
    assert set(parts) == {"entropy", "lovasz", "dice", "absolute", "boundary", "edge lovasz"}
    small = reduced(target(label)).label
    assert parts["entropy"].item() == pytest.approx(entropy(person(eighth), small).item())


def test_a_teacher_who_says_nothing():
    """Is not asked."""
    eighth, logits, label = logits_and_label()
    assert "teacher" not in total_loss(eighth, logits, target(label), Loss(teacher=1.0))
