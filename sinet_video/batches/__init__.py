"""Many clips: found, named, converted in processes of their own, and kept account of."""
