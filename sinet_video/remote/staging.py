"""Files of other hosts on the local disk while they are worked on."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sinet_video.atomic import discard, make_folder, temporary_name, translate_write_errors
from sinet_video.errors import (
    InputError,
    OutputError,
    Remedy,
    SettingError,
    SinetVideoError,
    reason,
)
from sinet_video.file_names import usable
from sinet_video.remote.address import name_of, without_secrets
from sinet_video.remote.backoff import Backoff, Permanent
from sinet_video.remote.settings import StageSettings
from sinet_video.remote.store import Facts, Store, Upload, store_of

SPARE = 256 << 20
"""Bytes of the disk that are always left free."""


@dataclass
class Stage:
    """A folder for the files of one job; `staged` makes one."""

    folder: Path
    settings: StageSettings = StageSettings()
    backoff: Backoff = Backoff()
    _used: int = 0
    _ready: list[tuple[Path, str, bool]] = field(default_factory=list)
    _given: dict[str, str] = field(default_factory=dict)

    def fetch(self, url: str) -> Path:
        """Return a local copy of a file, whole. Raises `InputError`."""
        store = store_of(url)
        facts = store.facts(url)
        shown = without_secrets(url)
        if facts is None:
            raise InputError(f"{shown} does not exist.")
        self._check_room(shown, facts.size or 0)
        # In a folder of its own, as two hosts may use one name.
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        path = folder / usable(name_of(url) or "input")
        self._given[str(path)] = shown
        self._used += self._written(store, url, facts, path)
        return path

    def _written(self, store: Store, url: str, facts: Facts, path: Path) -> int:
        """Write a file until it is whole, each try from where the last one stopped."""
        with path.open("wb") as file, translate_write_errors(path):

            def write(chunk: bytes) -> None:
                file.write(chunk)
                if file.tell() + self._used > self.settings.limit:
                    raise _TooLarge

            def attempt() -> None:
                store.read(url, facts, file.tell(), write)
                if facts.size is not None and file.tell() != facts.size:
                    raise ConnectionError(f"{file.tell()} of {facts.size} bytes came")

            try:
                self.backoff(f"GET {without_secrets(url)}", attempt)
            except _TooLarge:
                raise self._too_large(without_secrets(url), file.tell()) from None
            except OutputError:
                raise
            except Exception as error:
                raise InputError(
                    f"{without_secrets(url)} cannot be fetched whole: {reason(error)}."
                ) from error
            return file.tell()

    def _check_room(self, shown: str, size: int) -> None:
        if size + self._used > self.settings.limit:
            raise self._too_large(shown, size)
        free = shutil.disk_usage(self.folder).free
        if size + SPARE > free:
            raise InputError(
                f"{shown} has {size / 1e9:.3g} GB, and {self.folder} has {free / 1e9:.3g} GB free.",
                remedy=Remedy("stage_folder", "FOLDER", "for a place with more room"),
            )

    def _too_large(self, shown: str, size: int) -> InputError:
        limit = self.settings.stage_limit
        return InputError(
            f"{shown} has {size / 1e9:.3g} GB or more; a job may keep {limit:g} GB on this disk.",
            remedy=Remedy("stage_limit", "GB", "to allow more"),
        )

    def output(self, url: str, *, overwrite: bool) -> Path:
        """Return where to write a file that `deliver` is to put at a URL.

        Raises `SettingError` for a URL that names no file, and `OutputError` if there is a file
        that may not be replaced.
        """
        if not name_of(url):
            raise SettingError(f"{without_secrets(url)} has no file's name at its end; give one.")
        if not overwrite and not store_of(url).is_free(url):
            raise exists(url)
        path = Path(tempfile.mkdtemp(dir=self.folder)) / usable(name_of(url))
        self._ready.append((path, url, overwrite))
        self._given[str(path)] = without_secrets(url)
        return path

    def as_given(self, text: str) -> str:
        """Return a text in which local files are called by the URLs that they are of."""
        for path, url in self._given.items():
            text = text.replace(path, url)
        return text

    @contextmanager
    def named_as_given(self) -> Iterator[None]:
        """Let errors call files by their URLs."""
        try:
            yield
        except SinetVideoError as error:
            said = self.as_given(error.message)
            if said == error.message:
                raise
            raise type(error)(said, remedy=error.remedy) from error

    def deliver(self) -> None:
        """Put all outputs at their URLs: none appears before all of them are at their hosts."""
        with ExitStack() as stack:
            uploads: list[Upload] = []
            for path, url, overwrite in self._ready:
                uploads.append(store_of(url).begin(path, url, overwrite=overwrite))
                stack.callback(uploads[-1].discard)
            for upload in uploads:
                upload.commit()
            stack.pop_all()


class _TooLarge(Permanent):
    """More bytes came than may be kept."""


def exists(url: str) -> OutputError:
    """Return the error of an output that is there already."""
    return OutputError(
        f"{without_secrets(url)} exists already.", remedy=Remedy("overwrite", True, "to replace it")
    )


@contextmanager
def staged(settings: StageSettings = StageSettings()) -> Iterator[Stage]:
    """Yield a folder for the files of one job, which goes with everything in it."""
    where = Path(settings.stage_folder or tempfile.gettempdir())
    with translate_write_errors(where):
        folder = make_folder(temporary_name(where / "sinet-video"))
    try:
        folder.chmod(0o700)
        yield Stage(folder, settings)
    finally:
        discard(folder)
