"""The tables in BigQuery: what is checked before they are written, and how rows are inserted. Used by load_tweet and by dataflow."""
