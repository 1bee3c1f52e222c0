"""Reading frames from files, pipes and ffmpeg, each with its own time.

May import `media` and `containers`.
"""
