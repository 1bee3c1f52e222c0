"""The page on which people fix mattes, and the HTTP interface that it uses; needs the extra `serve`."""
