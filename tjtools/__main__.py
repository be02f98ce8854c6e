"""`python -m tjtools` is the `tjtools` command."""

from tjtools.cli import main

if __name__ == "__main__":
    main()
