"""What the flex template starts: the streaming pipeline, with the template's parameters as options."""

import sys

from dataflow.cli import main

if __name__ == "__main__":
    sys.exit(main(["stream", "--yes", *sys.argv[1:]]))
