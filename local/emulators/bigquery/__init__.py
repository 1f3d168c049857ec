"""BigQuery on one machine: bqemulator (SQL translated for DuckDB), behind a launcher that adds what it is too kind about.

python -m local.emulators.bigquery --data FOLDER --port 9050
"""
