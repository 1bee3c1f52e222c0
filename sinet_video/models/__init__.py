"""Networks, their weights, and the runtimes that compute alpha from an image.

May import `media` and `atomic`.
"""
