"""The steps of matting, one generator per file: mattes in, mattes out.

May import `media`, `containers`, `decoding` and `models.segmenter`; no stage imports another.
"""
