"""
What can happen to a command besides being answered, as both APIs see it.

    VenueError
    ├── Overloaded        nothing was executed; try again later
    └── OutcomeUnknown    executed or not: ask by client order id, or read the state
"""


class VenueError(Exception):
    """Base of what a running venue raises at its callers."""


class Overloaded(VenueError):
    """Too much is waiting already; nothing was executed."""


class OutcomeUnknown(VenueError):
    """The venue stopped before it could tell; the command may be on disk."""
