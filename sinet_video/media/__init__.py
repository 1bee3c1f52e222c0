"""Frames, alpha planes, colour and time, and arithmetic on them; knows no file.

Imports only `errors`.
"""
