"""The training losses. Logits are (n, 2, h, w), labels (n, h, w) in [0, 1]."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from sinet_video.training.recipe import Loss


@dataclass(frozen=True)
class Target:
    """The desired output of the network for a batch."""

    label: Tensor
    """(n, h, w), the person's alpha in [0, 1]."""
    band: Tensor
    """(n, h, w), 1 near the label's edge, else 0."""
    teacher: Tensor | None = None
    """(n, h, w), the teacher's alpha."""
    motion: Tensor | None = None
    """(k, 2, 3): the motion of sample k + i relative to sample i, as for `torch.affine_grid`."""


def person(logits: Tensor) -> Tensor:
    """Return the single number that two classes amount to, (n, h, w): the person's logit."""
    return logits[:, 1] - logits[:, 0]


def entropy(logit: Tensor, label: Tensor, weight: Tensor | None = None) -> Tensor:
    """Return the mean binary cross-entropy, over the pixels where the weight, if given, is 1."""
    if weight is None:
        return F.binary_cross_entropy_with_logits(logit, label)
    total = F.binary_cross_entropy_with_logits(logit, label, weight=weight, reduction="sum")
    return total / weight.sum().clamp_min(1)


def dice(logit: Tensor, label: Tensor, smooth: float = 100.0) -> Tensor:
    """Return one minus the soft Dice coefficient, averaged over images (arXiv 1606.04797).

    Logits and labels are (n, h, w).
    """
    alpha = torch.sigmoid(logit).flatten(1)
    truth = label.flatten(1)
    both = (alpha * truth).sum(1)
    return (1 - (2 * both + smooth) / (alpha.sum(1) + truth.sum(1) + smooth)).mean()


def lovasz(logit: Tensor, label: Tensor, where: Tensor | None = None) -> Tensor:
    """Return the Lovasz hinge of the person's IoU, averaged over images (arXiv 1705.08790).

    `where`, (n, h, w), is 1 at the pixels that count.
    """
    rows = zip(logit.flatten(1), label.flatten(1) > 0.5, strict=True)
    if where is None:
        return torch.stack([_lovasz_row(*row) for row in rows]).mean()
    counts = where.flatten(1) > 0
    chosen = [_lovasz_row(a[c], b[c]) for (a, b), c in zip(rows, counts, strict=True)]
    return torch.stack(chosen).mean()


def _lovasz_row(logit: Tensor, person: Tensor) -> Tensor:
    truth = person.float()
    errors, order = (1 - logit * (2 * truth - 1)).sort(descending=True)
    ordered = truth[order]
    union = ordered.sum() + (1 - ordered).cumsum(0)
    jaccard = 1 - (ordered.sum() - ordered.cumsum(0)) / union.clamp_min(1)
    return (F.relu(errors) * torch.diff(jaccard, prepend=jaccard.new_zeros(1))).sum()


def unsteadiness(alpha: Tensor, target: Target) -> Tensor:
    """Return how much the error differs between two views of one scene.

    The mean is over the pixels that both views show.
    """
    if target.motion is None:
        return alpha.new_zeros(())
    count = len(target.motion)
    error = (alpha - target.label)[:, None]
    grid = F.affine_grid(target.motion, list(error[:count].shape), align_corners=False)
    moved = F.grid_sample(
        error[count : 2 * count], grid, padding_mode="border", align_corners=False
    )
    seen = (grid.abs() <= 1).all(-1)[:, None]
    return ((moved - error[:count]).abs() * seen).sum() / seen.sum().clamp_min(1)


def reduced(target: Target, factor: int = 8) -> Target:
    """Return the label and its band for an image that is smaller by this factor."""
    label = F.avg_pool2d(target.label[:, None], factor)[:, 0]
    return Target(label, F.max_pool2d(target.band[:, None], factor)[:, 0])


def total_loss(
    eighth: Tensor, logits: Tensor | None, target: Target, weights: Loss
) -> dict[str, Tensor]:
    """Return each part of the loss by its name, weighted; their sum is the loss.

    `eighth` is the encoder's output; `logits` is the whole network's, or None in a stage that
    trains only the encoder.

    `eighth` and `logits` are (n, 2, h, w), of their own sizes.
    """
    if logits is None:
        return _decision_losses(person(eighth), reduced(target), weights)
    parts = _decision_losses(person(logits), target, weights)
    if weights.coarse:
        small = reduced(target).label
        parts["coarse"] = weights.coarse * entropy(person(eighth), small)
    if weights.steady:
        parts["steady"] = weights.steady * unsteadiness(torch.sigmoid(person(logits)), target)
    if weights.teacher and target.teacher is not None:
        parts["teacher"] = weights.teacher * entropy(person(logits), target.teacher)
    return parts


def _decision_losses(logit: Tensor, target: Target, weights: Loss) -> dict[str, Tensor]:
    label, band = target.label, target.band
    parts: dict[str, tuple[float, Callable[[], Tensor]]] = {
        "entropy": (weights.entropy, lambda: entropy(logit, label)),
        "lovasz": (weights.lovasz, lambda: lovasz(logit, label)),
        "dice": (weights.dice, lambda: dice(logit, label)),
        "absolute": (weights.absolute, lambda: F.l1_loss(torch.sigmoid(logit), label)),
        "boundary": (weights.boundary, lambda: entropy(logit, label, band)),
        "edge lovasz": (weights.boundary_lovasz, lambda: lovasz(logit, label, band)),
    }
    return {name: weight * part() for name, (weight, part) in parts.items() if weight}
