"""Pub/Sub-triggered function: decodes a message, filters it, makes a row of it and stores the row in BigQuery.

Read `main.py` first: it is the whole way of a message on one screen.
"""
