"""The page on which people fix mattes, and its HTTP interface; needs the extra `serve`."""
