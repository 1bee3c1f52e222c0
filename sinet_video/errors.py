"""Everything that this library raises on purpose.

    SinetVideoError
    |-- SettingError (ValueError)    an option's value that cannot be
    |-- InputError (OSError)         a file that cannot be read, or is not what it should be
    |-- OutputError (OSError)        a file that cannot be written
    |-- WeightsError (ValueError)    weights that cannot be had, or do not fit
    `-- OutOfMemoryError (MemoryError)

Each message is one sentence or two for a person: what came, what is allowed, what to do.
"""

from __future__ import annotations


class SinetVideoError(Exception):
    """Base of every error that this library raises on purpose."""


class SettingError(SinetVideoError, ValueError):
    """A setting has a value that it cannot have."""


class InputError(SinetVideoError, OSError):
    """A file cannot be read as a video, or is damaged."""


class OutputError(SinetVideoError, OSError):
    """The result cannot be written where or as what was asked."""


class OutOfMemoryError(SinetVideoError, MemoryError):
    """There is not enough memory for a job."""


class WeightsError(SinetVideoError, ValueError):
    """Weights cannot be found, fetched or fitted to the network."""


def reason(error: Exception) -> str:
    """Return what libav says went wrong, in its few words."""
    return str(getattr(error, "strerror", None) or error)
