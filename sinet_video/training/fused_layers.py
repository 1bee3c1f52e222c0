"""Faster layers in C++ for training SINet on a CPU.

SINet's convolutions are so small that two thirds of a training step in torch go into batch
normalisation and PReLU, which only move memory. Here the two are one layer with two passes in each
direction (norm_act.h). Depthwise convolutions, upsampling and the last layer have kernels for
channels-last memory (depthwise.h, upsample.h, last_layer.h). Kernels take float32 and bfloat16.

If they cannot be built, training uses torch's own layers and takes longer. Results are equal up to
rounding. To end with the same weights bit for bit, a training has to be resumed where
`unavailable_reason` returns the same.
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
import os
import shutil
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sinet_video.cache import cache_folder
from sinet_video.models.sinet import (
    NORM_MOMENTUM,
    GroupedReduce,
    NormAct,
    S2Block,
    SINet,
    SqueezeExcite,
    Upsample,
    shuffled_matrix,
)

LAST = torch.channels_last

VECTOR = 8
"""Least number of channels of a layer that is replaced; no vector is wider."""

IMAGES = 16
"""From how many images torch prefers oneDNN for a 1x1 convolution on one thread."""

NAME = "sinet_video_fused"
FOLDER = Path(__file__).parent / "kernels"
SOURCE = FOLDER / "fused.cpp"
HEADERS = sorted(FOLDER.glob("*.h"))


@cache
def unavailable_reason() -> str | None:
    """Return why layers cannot be fused on this machine, or None if they can.

    The first call on a machine builds the kernels.
    """
    try:
        kernels()
    except (ImportError, OSError, RuntimeError) as error:
        return next(iter(str(error).splitlines()), type(error).__name__)
    return None


def built() -> bool:
    """Whether the kernels need not be built any more."""
    return _library(_flags()).exists()


@cache
def kernels() -> Any:
    """Return the compiled kernels; the first call on a machine builds them.

    They are stored in this library's cache, or in TORCH_EXTENSIONS_DIR. Raises RuntimeError,
    OSError or ImportError if there is no C++ compiler or no ninja, or if they do not fit this
    machine.
    """
    from torch.utils.cpp_extension import get_cxx_compiler, load

    flags = _flags()
    library = _library(flags)
    if library.exists():
        return _imported(library)
    compiler: str = get_cxx_compiler()  # type: ignore[no-untyped-call]  # torch gives it none
    if not shutil.which(compiler):
        raise RuntimeError(f"there is no C++ compiler {compiler}")
    library.parent.mkdir(parents=True, exist_ok=True)
    # In a folder of its own, as torch would wait for ever for a build that was killed.
    with TemporaryDirectory(dir=library.parent) as folder, _ninja_on_path():
        module = load(NAME, [str(SOURCE)], extra_cflags=flags, build_directory=folder)
        (Path(folder) / library.name).replace(library)
    return module


def _flags() -> list[str]:
    return ["-std=c++20", "-O3", "-march=native", *_instruction_set()]


def _library(flags: list[str]) -> Path:
    """Return the path of this machine's kernels, named after everything they are built from."""
    from torch.utils.cpp_extension import LIB_EXT

    capability = torch.backends.cpu.get_cpu_capability()
    texts = [path.read_text("utf-8") for path in (SOURCE, *HEADERS)]
    origins = [*texts, sys.version, torch.__version__, capability, *flags]
    digest = hashlib.sha256("\n".join(origins).encode()).hexdigest()[:16]
    root = os.environ.get("TORCH_EXTENSIONS_DIR") or cache_folder()
    return Path(root) / NAME / digest / f"{NAME}{LIB_EXT}"


def _imported(library: Path) -> Any:
    spec = importlib.util.spec_from_file_location(NAME, library)
    if spec is None or spec.loader is None:
        raise ImportError(f"{library} is not a module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def _ninja_on_path() -> Iterator[None]:
    """Let torch find the package's ninja even if no environment is activated."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([before, sysconfig.get_path("scripts")])
    try:
        yield
    finally:
        os.environ["PATH"] = before


def _instruction_set() -> list[str]:
    """Return the flags that make torch's vector class use this machine's width."""
    if not torch.backends.cpu.get_cpu_capability().startswith("AVX"):
        return []
    # 256 bits even where 512 are available, as the rows of SINet are short.
    return ["-DCPU_CAPABILITY=AVX2", "-DCPU_CAPABILITY_AVX2"]


class FusedNorm(nn.BatchNorm2d):
    """Replaces a batch normalisation, and applies the PReLU after it too."""

    act: nn.PReLU | None
    flat: Tensor

    def __init__(self, norm: nn.BatchNorm2d, act: nn.PReLU | None) -> None:
        super().__init__(norm.num_features, norm.eps, norm.momentum)
        self.load_state_dict(norm.state_dict())
        self.weight, self.bias = norm.weight, norm.bias
        # Not a submodule, as its slopes already have a name in the state dict.
        object.__setattr__(self, "act", act)
        self.register_buffer("flat", torch.ones(norm.num_features), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        slope = self.flat if self.act is None else self.act.weight
        if not self.training:
            return F.prelu(super().forward(x), slope)
        self._check(x)
        out: Tensor = kernels().norm_act(
            x,
            self.weight,
            self.bias,
            slope,
            self.running_mean,
            self.running_var,
            self.eps,
            NORM_MOMENTUM,
        )
        assert self.num_batches_tracked is not None
        self.num_batches_tracked += 1
        return out

    def _check(self, x: Tensor) -> None:
        """Raise `ValueError` for rows that are not whole vectors."""
        fold = kernels().width // math.gcd(self.num_features, kernels().width)
        rows = x.numel() // self.num_features
        if rows % fold:
            raise ValueError(f"{rows} pixels cannot be taken {fold} at a time.")


class Done(nn.PReLU):
    """Keeps the slopes of a PReLU that the layer before it has already applied."""

    def __init__(self, act: nn.PReLU) -> None:
        super().__init__(act.num_parameters)
        self.weight = act.weight

    def forward(self, x: Tensor) -> Tensor:
        return x


class Pointwise(nn.Conv2d):
    """A 1x1 convolution over rows of channels, sharing its weight.

    oneDNN takes half as long for it as MKL's matrix product on an AMD processor. torch gives it to
    oneDNN only if there are `IMAGES` images or more, so the rows are cut into as many.
    """

    def __init__(self, whole: nn.Conv2d) -> None:
        super().__init__(whole.in_channels, whole.out_channels, 1, groups=whole.groups, bias=False)
        self.weight = whole.weight

    def forward(self, x: Tensor) -> Tensor:
        rows = x.contiguous(memory_format=LAST).permute(0, 2, 3, 1)
        few = min(self.in_channels, self.out_channels) < VECTOR
        if few or math.prod(rows.shape[:3]) % IMAGES:
            return F.linear(rows, self.matrix()).permute(0, 3, 1, 2)
        images = rows.reshape(IMAGES, -1, 1, self.in_channels).permute(0, 3, 1, 2)
        y = F.conv2d(images, self.matrix()[..., None, None]).permute(0, 2, 3, 1)
        return y.reshape(*rows.shape[:3], self.out_channels).permute(0, 3, 1, 2)

    def matrix(self) -> Tensor:
        """Return the weight, (outputs, inputs)."""
        return self.weight.flatten(1)

    @staticmethod
    def can_be(layer: nn.Module) -> TypeGuard[nn.Conv2d]:
        """Return whether a layer is a 1x1 convolution of all channels."""
        return type(layer) is nn.Conv2d and layer.kernel_size == (1, 1) and layer.groups == 1


class ShuffledPointwise(Pointwise):
    """A grouped 1x1 convolution and the shuffle after it."""

    def matrix(self) -> Tensor:
        """Return the weight, (outputs, inputs)."""
        return shuffled_matrix(self.weight, self.groups)


class Depthwise(nn.Conv2d):
    """A depthwise convolution of 3x3 or 5x5, sharing its weight."""

    def __init__(self, whole: nn.Conv2d) -> None:
        channels, kernel, stride = whole.in_channels, whole.kernel_size[0], whole.stride[0]
        super().__init__(
            channels, channels, kernel, stride, kernel // 2, groups=channels, bias=False
        )
        self.weight = whole.weight

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        y: Tensor = kernels().depthwise(x, self.weight, self.stride[0])
        return y

    @staticmethod
    def can_be(layer: nn.Module) -> TypeGuard[nn.Conv2d]:
        """Return whether the kernels support a layer: its size, stride and number of channels."""
        return type(layer) is nn.Conv2d and (
            layer.kernel_size in ((3, 3), (5, 5))
            and layer.stride in ((1, 1), (2, 2))
            and layer.padding == (layer.kernel_size[0] // 2,) * 2
            and layer.dilation == (1, 1)
            and layer.bias is None
            and layer.groups == layer.in_channels == layer.out_channels >= VECTOR
        )


class LastLayer(nn.Conv2d):
    """A 3x3 convolution from two channels to two, sharing its weight."""

    def __init__(self, whole: nn.Conv2d) -> None:
        super().__init__(2, 2, 3, padding=1, bias=False)
        self.weight = whole.weight

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        y: Tensor = kernels().last_layer(x, self.weight)
        return y

    @staticmethod
    def can_be(layer: nn.Module) -> TypeGuard[nn.Conv2d]:
        """Return whether a layer is such a convolution."""
        return type(layer) is nn.Conv2d and (
            layer.in_channels == layer.out_channels == 2
            and layer.kernel_size == (3, 3)
            and layer.stride == layer.dilation == layer.padding == (1, 1)
            and layer.bias is None
            and layer.groups == 1
        )


class FusedUpsample(Upsample):
    """Upsamples channels-last tensors."""

    def forward(self, x: Tensor) -> Tensor:
        if self.factor == 1 or not self.training:
            return super().forward(x)
        y: Tensor = kernels().upsample(x, self.factor)
        return y


class Excite(SqueezeExcite):
    """Squeeze-excite whose gains are computed in float32 in autocast too; it shares its layers."""

    def __init__(self, whole: SqueezeExcite) -> None:
        nn.Module.__init__(self)
        self.dense = whole.dense

    def forward(self, x: Tensor) -> Tensor:
        means = F.adaptive_avg_pool2d(x, 1).flatten(1)
        with torch.autocast(x.device.type, enabled=False):
            gain: Tensor = self.dense(means.float())
        return gain.to(x.dtype)[:, :, None, None] * x


def fuse(network: SINet) -> SINet:
    """Replace layers by faster ones, and return the same network; names and values stay."""
    for parent in list(network.modules()):
        if isinstance(parent, NormAct):
            parent.norm, parent.act = FusedNorm(parent.norm, parent.act), Done(parent.act)
        elif isinstance(parent, S2Block):
            parent.depthwise_norm = FusedNorm(parent.depthwise_norm, parent.act)
            parent.act = Done(parent.act)
        for name, child in list(parent.named_children()):
            setattr(parent, name, _faster(child))
    return network


def _faster(layer: nn.Module) -> nn.Module:
    for fits, faster in FASTER:
        if fits(layer):
            return faster(layer)
    return layer


FASTER: tuple[tuple[Callable[[Any], bool], Callable[[Any], nn.Module]], ...] = (
    (lambda layer: type(layer) is nn.BatchNorm2d, lambda norm: FusedNorm(norm, None)),
    (lambda layer: type(layer) is GroupedReduce, ShuffledPointwise),
    (lambda layer: type(layer) is SqueezeExcite, Excite),
    (lambda layer: type(layer) is Upsample, lambda layer: FusedUpsample(layer.factor)),
    (Pointwise.can_be, Pointwise),
    (Depthwise.can_be, Depthwise),
    (LastLayer.can_be, LastLayer),
)
"""What a layer has to be, and what replaces it."""
