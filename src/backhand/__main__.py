"""`python -m backhand` is the `backhand` command."""

from backhand.cli.app import main

main()
