"""The stages of matting in torch, on a GPU or the CPU, with the numbers of `stages`.

A frame's planes are moved to the device once, and what is made of them is moved back once. Each
module does what the module of the same name in `stages` or `planes` does, on whole planes instead
of tiles. That one is the reference, which tests hold these to. Nothing here is imported unless the
runtime is torch.
"""
