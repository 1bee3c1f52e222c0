"""Looking results over: metrics, verify, preview.

May import every room up to `pipeline`.
"""
