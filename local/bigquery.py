"""python -m local.bigquery: BigQuery on this machine. It lies in local/emulators; this is its command."""

import sys

from .emulators.bigquery.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
