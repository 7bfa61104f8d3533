"""`python -m tiercel.cli`: the same as the command `tiercel`."""

from tiercel.cli import main

main()
