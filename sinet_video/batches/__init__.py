"""Many clips: finding inputs, naming results, converting in processes, and the manifest."""
