"""Mattes out, to video files, image sequences and ffmpeg, with audio and tags.

May import `media`, `containers` and `decoding`, as audio is read again from the source.
"""
