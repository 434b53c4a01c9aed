"""The `backhand` command: options in, one line on standard output when ready, all else on standard error."""
