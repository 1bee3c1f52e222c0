"""Quality control of results: metrics, verification and previews.

May import every room up to `pipeline`.
"""
