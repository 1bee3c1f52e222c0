"""Live video: cameras and streams in, streams and virtual cameras out, as fast as frames come.

Nothing waits: a frame for which there is no time is dropped.
"""
