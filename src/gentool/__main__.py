"""`python -m gentool`: the command line."""

from gentool.cli import main

if __name__ == "__main__":
    main()
