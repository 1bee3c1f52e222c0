"""What each file format can hold, and the parts of it that libav neither reads nor writes.

May import `media`.
"""
