"""Loading of a segmenter, from named weights or from a file."""

from __future__ import annotations

import gzip
import hashlib
import stat
from pathlib import Path

from sinet_video.checked import check_word
from sinet_video.errors import SettingError, WeightsError, reason
from sinet_video.extras import extra_needed
from sinet_video.models import download
from sinet_video.models.cityscapes_classes import ClassNames, wanted
from sinet_video.models.input_settings import OnnxInput
from sinet_video.models.mirrored import mirrored
from sinet_video.models.network_settings import Quality
from sinet_video.models.onnx.recurrent import RecurrentSegmenter, is_recurrent
from sinet_video.models.onnx.segmenter import OnnxSegmenter
from sinet_video.models.onnx.session import Runtime, fixed_size, open_session
from sinet_video.models.registry import (
    NAMED,
    NAMES,
    SINET,
    Architecture,
    NamedWeights,
    architecture_of_graph,
    architectures,
    named,
)
from sinet_video.models.runtimes import (
    FastSegmenter,
    NamedSegmenter,
    TorchSegmenter,
    Wanted,
    is_fast_graph,
)
from sinet_video.paths import check_paths

GRAPH_VERSION = 4
"""Part of the name of cached graphs; increase it when the export changes."""


def load_segmenter(
    weights: str | Path = "default",
    *,
    runtime: Runtime = "onnxruntime",
    device: str = "cpu",
    onnx: OnnxInput = OnnxInput(),
    classes: ClassNames | None = None,
    quality: Quality = "standard",
) -> NamedSegmenter:
    """Return a segmenter for named weights, or for the path of a checkpoint or an ONNX file.

    The names are those of `registry.NAMED`: "default", "official" and "cityscapes". `device` is
    "cpu", or with torch any device that torch knows, such as "cuda". `onnx` describes an ONNX file
    that this library did not export. `classes` are the classes that count as the person, for
    weights that tell the 19 classes of Cityscapes apart; "person,rider" by default. With `quality`
    "high" it asks for more pixels, and looks at each image twice. The segmenter maps RGB images,
    (h, w, 3) uint8, to alpha, 2-D float32 in [0, 1]. Raises `WeightsError` or `SettingError`.
    """
    check_word("runtime", runtime, Runtime)
    check_word("quality", quality, Quality)
    found = _loaded(weights, runtime, device, onnx, classes)
    return mirrored(found) if quality == "high" else found


def _loaded(
    weights: str | Path,
    runtime: Runtime,
    device: str,
    onnx: OnnxInput,
    classes: ClassNames | None,
) -> NamedSegmenter:
    if classes is not None:
        _check_classes(weights, classes)
    if runtime == "torch":
        return _in_torch(weights, device, classes)
    check_paths(weights=weights)
    if device != "cpu":
        raise SettingError(f"Device {device!r} needs the torch runtime; onnxruntime runs on 'cpu'.")
    if row := named(weights):
        return _of_row(str(weights), row, classes)
    if Path(weights).suffix.lower() == ".onnx":
        return _of_file(Path(weights), onnx, classes)
    return _of_graph(_cached_graph(checkpoint_path(weights)), str(weights), classes)


def _check_classes(weights: str | Path, classes: ClassNames) -> None:
    """Check, before anything is downloaded, that the weights can offer a choice of classes."""
    wanted(classes, tuple(name for each in architectures() for name in each.classes))
    if row := named(weights):
        _wanted(weights, classes, row.architecture)


def _wanted(
    weights: str | Path, classes: ClassNames | None, architecture: Architecture
) -> Wanted | None:
    if architecture.classes:
        chosen = architecture.person if classes is None else classes
        return wanted(chosen, architecture.classes)
    if classes is not None:
        several = " or ".join(repr(n) for n, row in NAMED.items() if row.architecture.classes)
        raise SettingError(
            f"The weights {str(weights)!r} tell a person from the background and no classes; leave "
            f"the choice of classes out, or take the weights {several}."
        )
    return None


def _of_row(name: str, row: NamedWeights, classes: ClassNames | None) -> FastSegmenter:
    graph = packaged_graph(name) if row.graph else _cached_graph(checkpoint_path(name))
    chosen = _wanted(name, classes, row.architecture)
    return FastSegmenter(
        graph, name=name, architecture=row.architecture, wanted=chosen, sure=row.sure
    )


def packaged_graph(name: str = "default") -> bytes:
    """Return the graph of packaged weights: uint8 RGB images in, alpha and evidence out."""
    return gzip.decompress(_data(NAMED[name].graph).read_bytes())


def _data(name: str) -> Path:
    return Path(__file__).parents[1] / "data" / name


def checkpoint_path(weights: str | Path) -> Path:
    """Return the checkpoint of named weights, downloaded if necessary, or the one at a path.

    Raises `WeightsError` if there is none.
    """
    row = named(weights)
    if row and row.download:
        return download.fetch(row.download)
    path = _data(row.checkpoint) if row else Path(weights)
    check_readable(path)
    return path


def check_readable(path: Path) -> None:
    """Raise `WeightsError` for a file that is not there, or that cannot be read."""
    try:
        is_file = stat.S_ISREG(path.stat().st_mode)  # a device may be read without end
        if is_file:
            path.open("rb").close()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise WeightsError(
            f"There are no weights {str(path)!r}; give {NAMES} or the path of a .pth or .onnx file."
        ) from error
    except (OSError, ValueError) as error:
        raise WeightsError(f"The weights {path} cannot be read: {reason(error)}.") from error
    if not is_file:
        raise WeightsError(f"The weights {path} are not a file; give a .pth or .onnx file.")


def _in_torch(weights: str | Path, device: str, classes: ClassNames | None) -> TorchSegmenter:
    if Path(weights).suffix.lower() == ".onnx":
        raise SettingError(f"{weights} is an ONNX file; the torch runtime cannot run it.")
    with extra_needed("The torch runtime"):
        from sinet_video.models.checkpoint import load_any
    network = load_any(checkpoint_path(weights))
    chosen = _wanted(weights, classes, network.architecture)
    row = named(weights)
    sure = row.sure if row else None
    return TorchSegmenter(network, device, name=str(weights), wanted=chosen, sure=sure)


def _cached_graph(path: Path) -> bytes:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()

    def make() -> bytes:
        with extra_needed("Making a graph of a checkpoint"):
            from sinet_video.models.checkpoint import load_any
        from sinet_video.models.onnx.optimise import optimised

        network = load_any(path)
        return optimised(network.architecture.exporter.fast(network))

    return download.cached(f"{digest[:32]}.v{GRAPH_VERSION}.onnx", make)


def _of_file(path: Path, onnx: OnnxInput, classes: ClassNames | None) -> NamedSegmenter:
    check_readable(path)
    session = open_session(path, str(path), bounded=True)
    if is_fast_graph(session):
        return _of_graph(path, str(path), classes, bounded=True)
    _wanted(path, classes, SINET)
    if is_recurrent(session):
        return RecurrentSegmenter(path, onnx, name=str(path))
    return OnnxSegmenter(path, onnx, name=str(path))


def _of_graph(
    graph: bytes | Path, name: str, classes: ClassNames | None, *, bounded: bool = False
) -> FastSegmenter:
    """Return the segmenter for one of our fast graphs: either network, free or fixed size."""
    image, *more = open_session(graph, name, bounded=bounded).get_inputs()
    architecture = architecture_of_graph(more[0].shape[0] if more else 0)
    return FastSegmenter(
        graph,
        name=name,
        architecture=architecture,
        size=fixed_size(image.shape),
        wanted=_wanted(name, classes, architecture),
        bounded=bounded,
    )
