"""onnxruntime, told not to call home: it is imported here and nowhere else.

It sends telemetry by default, and writes a device's identity and a queue of events into the home
folder. It heeds this variable while it is imported, and its own functions only after that.
"""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

__all__ = ["onnxruntime"]
