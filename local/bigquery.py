"""The command `python -m local.bigquery`: BigQuery on this machine. The code is in local/emulators/bigquery."""

import sys

from .emulators.bigquery.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
