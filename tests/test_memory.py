"""Whether there is memory."""

from sinet_video.memory import is_there


def test_memory_that_is_there():
    """A little is; more than any machine has is not."""
    assert is_there(1)
    assert not is_there(1 << 40)
