"""`python -m assay` is the command `assay`, for where no script is on the path."""

from assay.cli import main

if __name__ == "__main__":
    main()
