"""Measuring mattes: of pictures with masks, of clips with true alpha."""
