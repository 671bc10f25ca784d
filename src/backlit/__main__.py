"""`python -m backlit`: the same as the command `backlit`."""

from .cli import main

if __name__ == "__main__":
    main()
