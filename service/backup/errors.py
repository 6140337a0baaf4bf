"""What keeps a backup from being made or restored."""


class BackupError(Exception):
    """Says what is wrong and what to do; nothing was changed."""
