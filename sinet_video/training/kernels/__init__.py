"""The kernels of training, in C++, and how they are built."""
