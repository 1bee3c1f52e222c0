"""The ffmpeg program as a process: started, logged, stopped, and quoted when it fails."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Sequence
from io import BufferedReader, RawIOBase
from itertools import groupby
from typing import IO, Any

import ffmpeg

from sinet_video.errors import InputError, OutputError

Stream = Any
"""A stream of ffmpeg-python, which has no type annotations."""

PATIENCE = 10.0
"""Seconds that a process gets to exit when it has nothing left to do."""

KEPT, QUOTED, LONGEST = 20, 3, 4096
"""How many of the last lines are kept, how many are quoted, and how long a line may be."""

_LINE = re.compile(r"((?:\[[^\]]*\] )*?)\[(\w+)\] (.*)")
_SPEAKER = re.compile(r"\[(?!NULL)(?:Parsed_)?([^\]@]*?) @ [^\]]*\] $")
_GRAVE = ("error", "fatal", "panic")
_LIGHT = ("info", "verbose", "debug", "trace")

# Messages that follow the actual reason.
_NOISE = re.compile(
    r"Conversion failed!|Task finished with error|Terminating thread|Error while filtering"
    r"|Failed to inject frame|Nothing was written|Error sending frames|Error selecting an encoder"
    r"|Error opening (in|out)put files:"
)


class Program:
    """A running ffmpeg, with stdin and stdout as requested.

    A thread reads its messages, because a program blocks if nobody reads them. `on_line` gets each
    line in that thread; the last severe ones are kept. Raises `kind`, here and in `check`. Call
    `stop` at the end.
    """

    def __init__(
        self,
        command: Sequence[str],
        kind: type[InputError | OutputError],
        *,
        stdin: int | None = subprocess.DEVNULL,
        stdout: int | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> None:
        self._kind, self._on_line = kind, on_line
        self._said: deque[tuple[str, str]] = deque(maxlen=KEPT)
        try:
            self._process = subprocess.Popen(
                command,
                stdin=stdin,
                stdout=stdout,
                stderr=subprocess.PIPE,
                env={**os.environ, "AV_LOG_FORCE_NOCOLOR": "1"},
            )
        except FileNotFoundError as error:
            raise kind(
                f"There is no program {command[0]}; install ffmpeg, or give its path as cmd."
            ) from error
        except OSError as error:
            raise kind(f"{command[0]} cannot be started: {error.strerror}.") from error
        self._thread = threading.Thread(target=self._listen, name="ffmpeg", daemon=True)
        self._thread.start()

    @property
    def stdin(self) -> Unbuffered:
        """Its input, if that is a pipe."""
        assert self._process.stdin is not None
        return Unbuffered(self._process.stdin)

    @property
    def stdout(self) -> RawIOBase:
        """Its output, if that is a pipe.

        A read returns what is available and does not wait for more.
        """
        assert isinstance(self._process.stdout, BufferedReader)
        raw: RawIOBase = self._process.stdout.raw
        return raw

    def wait(self, patience: float | None = PATIENCE) -> int | None:
        """Wait at most `patience` seconds, and return the exit status if it has ended."""
        try:
            return self._process.wait(patience)
        except subprocess.TimeoutExpired:
            return None

    def check(self, where: str) -> None:
        """Wait until it has ended, and raise its error message unless it succeeded.

        `where` says how far it got, for the message.
        """
        code = self._process.wait()
        self._thread.join(PATIENCE)
        if code:
            raise self._kind(f"ffmpeg {_ended(code)}{where}{self._quote()}.")

    def terminate(self) -> None:
        """Ask it to exit."""
        self._process.terminate()

    def stop(self) -> None:
        """Kill it if it is still running, and wait for it, so that no process is left behind."""
        self._process.kill()
        self._process.wait()
        self._thread.join(PATIENCE)

    def _listen(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as stderr:
            for raw in iter(lambda: stderr.readline(LONGEST), b""):
                line = raw.decode(errors="replace").strip()
                if self._on_line is not None:
                    self._on_line(line)
                self._keep(line)

    def _keep(self, line: str) -> None:
        speakers, level, text = _parsed(line)
        if text and level not in _LIGHT and not _NOISE.match(text):
            speaker = _SPEAKER.search(speakers)
            text = text.rstrip(".")
            self._said.append((level, f"{speaker[1]}: {text}" if speaker else text))

    def _quote(self) -> str:
        """Return its last severe messages, or else its last messages of any kind."""
        said = list(self._said)
        grave = [text for level, text in said if level in _GRAVE]
        chosen = grave or [text for _, text in said[-1:]]
        quoted = [text for text, _ in groupby(chosen)][-QUOTED:]
        return f', saying "{"; ".join(quoted)}"' if quoted else ", saying nothing"


class Unbuffered:
    """An unbuffered pipe, so that a frame does not wait for the next one."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe

    def write(self, data: bytes) -> int:
        """Write all of it."""
        self._pipe.write(data)
        self._pipe.flush()
        return len(data)

    def close(self) -> None:
        """Close the pipe."""
        self._pipe.close()


def _parsed(line: str) -> tuple[str, str, str]:
    """Split a line into its origin, level and text; without a level it may be severe."""
    found = _LINE.fullmatch(line)
    return (found[1], found[2], found[3]) if found else ("", "", line)


def _ended(code: int) -> str:
    if code > 0:
        return f"ended with exit status {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:  # a signal without a name in Python
        return f"was ended by signal {-code}"


def command_line(cmd: str | Sequence[str], outputs: Stream, level: str, *more: str) -> list[str]:
    """Return a command line; the caller's own options come last, and so take precedence."""
    program = [cmd] if isinstance(cmd, str) else list(cmd)
    # Without -copyts ffmpeg would shift each input to start at 0.
    options = ["-hide_banner", "-nostdin", "-nostats", "-loglevel", f"level+{level}", "-copyts"]
    return [*program, *options, *more, *map(str, ffmpeg.get_args(outputs))]
