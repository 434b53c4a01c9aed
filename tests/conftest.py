"""What holds for all tests."""

import signal

import tests.examples  # noqa: F401  # Sets what Hypothesis plays.

# A shell that runs something in the background has it ignore Ctrl-C, and so do the processes that it starts:
# tests that press Ctrl-C in one of them would wait for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)
