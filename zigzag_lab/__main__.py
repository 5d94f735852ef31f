"""``python -m zigzag_lab``: the ``zigzag-lab`` command."""

from zigzag_lab.cli import main

if __name__ == "__main__":  # worker processes import this again
    main(prog_name="zigzag-lab")
