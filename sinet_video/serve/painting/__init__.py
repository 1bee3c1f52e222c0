"""What people paint over a clip: strokes, how they follow what they lie on, and mattes of them."""
