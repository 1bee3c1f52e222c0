"""The picture arithmetic in C++, for where numpy would spend most of a job's time.

Each function here does what a function of numpy elsewhere in the package does, which stays as its
reference and takes its place where the kernels could not be built: `available` says which of the
two is used. They are called through ctypes, which lets other threads run meanwhile.
"""

from __future__ import annotations

from sinet_video.native.library import available, described, numpy_only

__all__ = ["available", "described", "numpy_only"]
