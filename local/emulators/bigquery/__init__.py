"""BigQuery on one machine: bqemulator, which translates SQL for DuckDB, with the refusals of the real BigQuery added.

python -m local.emulators.bigquery --data FOLDER --port 9050
"""
