"""`python -m lacuna`: the command line of cli/commands.py."""

from lacuna.cli.commands import main

if __name__ == "__main__":
    main()
