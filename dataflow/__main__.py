"""python -m dataflow. The parts are in other modules, because Beam's workers cannot find what is defined in __main__."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
