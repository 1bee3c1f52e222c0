"""ONNX files, this library's and those of others: traced, opened, and run within limits."""
