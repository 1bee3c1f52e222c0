"""Arithmetic on planes and coarse grids: filters, resampling, regions, motion.

May import `media` and `native`.
"""
