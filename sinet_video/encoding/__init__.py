"""Writing mattes to video files, image sequences and ffmpeg, with audio and tags.

May import `media`, `containers` and `decoding`, because audio is read from the source again.
"""
