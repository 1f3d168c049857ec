"""Servers that stand in for services: X, Pub/Sub, Eventarc, BigQuery, Secret Manager."""
