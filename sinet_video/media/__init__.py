"""Frames, alpha planes, colour and time, and arithmetic on them; no file access.

Imports only `errors`.
"""
