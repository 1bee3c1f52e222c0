"""Frames from an ffmpeg process: filter graphs written with ffmpeg-python, over pipes."""
