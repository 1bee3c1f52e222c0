"""The errors that this library raises on purpose.

    SinetVideoError
    |-- SettingError (ValueError)    an option has an invalid value
    |-- InputError (OSError)         a file cannot be read, or is not what it should be
    |-- OutputError (OSError)        a file cannot be written
    |-- WeightsError (ValueError)    weights are unavailable or do not fit the network
    `-- OutOfMemoryError (MemoryError)

Each message is one or two sentences for a person: what was given, what is allowed, what to do.
"""

from __future__ import annotations


class SinetVideoError(Exception):
    """Base class of all errors that this library raises on purpose."""


class SettingError(SinetVideoError, ValueError):
    """A setting has an invalid value."""


class InputError(SinetVideoError, OSError):
    """A file cannot be read as a video, or is damaged."""


class OutputError(SinetVideoError, OSError):
    """The result cannot be written at that place or in that form."""


class OutOfMemoryError(SinetVideoError, MemoryError):
    """There is not enough memory for a job."""


class WeightsError(SinetVideoError, ValueError):
    """Weights cannot be found or downloaded, or do not fit the network."""


def reason(error: Exception) -> str:
    """Return libav's own short description of an error."""
    return str(getattr(error, "strerror", None) or error)
