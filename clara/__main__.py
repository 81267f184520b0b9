"""`python -m clara` and the `clara` command."""

from clara.cli import main

if __name__ == "__main__":
    main()
