"""Errors that end work on scores in other ways than by its result."""


class ScoringStoppedError(Exception):
    """The work stopped because it was asked to."""
