"""What stands in for a service: X, Pub/Sub, Eventarc, BigQuery. Each is a server that runs by itself."""
