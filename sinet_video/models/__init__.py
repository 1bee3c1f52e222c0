"""Networks, their weights, and the runtimes that answer a picture with alpha.

May import `media` and `atomic`.
"""
