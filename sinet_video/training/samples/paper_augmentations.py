"""The augmentations of the SINet authors' own training, on a batch, with kornia.

After data/CVTransforms.py of clovaai/ext_portrait_segmentation: translation and mirroring, then,
half of the time, saturation, brightness, contrast and sharpness; blur; noise.
"""

from __future__ import annotations

import kornia.augmentation as K
import torch

from sinet_video.training.samples.batch import Batch, band


def sequence() -> K.AugmentationSequential:
    """Return the augmentations, for images in [0, 1] together with their masks."""
    return K.AugmentationSequential(
        K.RandomHorizontalFlip(p=0.5),
        K.RandomAffine(degrees=0, translate=(0.2, 0.2), p=0.5),
        K.RandomSaturation((0.4, 1.6), p=0.5),
        K.RandomBrightness((0.4, 1.6), p=0.5),
        K.RandomContrast((0.6, 1.4), p=0.5),
        K.RandomSharpness(0.3, p=0.5),
        K.RandomGaussianBlur((3, 3), (0.5, 1.5), p=0.2),
        K.RandomGaussianNoise(std=0.02, p=0.2),
        data_keys=["input", "mask"],
    )


def published(batch: Batch, seed: int, width: int) -> Batch:
    """Return an augmented batch; its bands, of a width in pixels, follow its labels.

    Sets torch's random state, which nothing else in a training uses.
    """
    torch.manual_seed(seed)
    rgb = torch.from_numpy(batch.images).permute(0, 3, 1, 2).float() / 255
    masks = torch.from_numpy(batch.labels)[:, None].float() / 255
    images, labels = sequence()(rgb, masks)
    whole = _bytes(labels)[:, 0].numpy()
    return Batch(
        images=_bytes(images).permute(0, 2, 3, 1).contiguous().numpy(),
        labels=whole,
        bands=band(whole, width),
        motion=batch.motion,
    )


def _bytes(values: torch.Tensor) -> torch.Tensor:
    return (values.clamp(0, 1) * 255).round().to(torch.uint8)
