"""The ffmpeg of this machine as an encoder: results through pipes, and files that appear whole."""
