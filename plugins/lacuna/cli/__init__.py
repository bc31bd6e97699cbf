"""The command line: commands, the runner of a day, its summary, the terminal."""
