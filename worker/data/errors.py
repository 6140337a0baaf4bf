"""What can end an ingest beside a bad table."""


class IngestStoppedError(Exception):
    """`should_stop` said so; nothing is left behind."""
