"""How a search can end other than with proposals."""


class SearchStoppedError(Exception):
    """`should_stop` said so; nothing of the shard is kept."""
