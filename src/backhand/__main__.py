"""`python -m backhand` is the `backhand` command."""

from backhand.cli.entry import main

main()
