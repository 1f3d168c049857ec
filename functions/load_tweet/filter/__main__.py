"""python -m functions.load_tweet.filter."""

import sys

from . import cli, options

if __name__ == "__main__":
    sys.exit(cli.main(options.parser().parse_args()))
