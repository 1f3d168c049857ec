"""Weeks of synthetic posts in an embedded BigQuery, to see what reports look like before you have posts of your own."""
