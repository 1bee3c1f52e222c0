"""Kernels in C++ for the frame arithmetic in which numpy would spend most of a job's time.

Each function does the same as a numpy function elsewhere in the package. That function remains the
reference, and is used if the kernels could not be built; `available` says which is in use. In place
of `reduce.rgb` it is libswscale, whose colours are less exact. Kernels are called through ctypes,
which lets other threads run meanwhile.
"""

from __future__ import annotations

from sinet_video.native.library import available, described, numpy_only

__all__ = ["available", "described", "numpy_only"]
