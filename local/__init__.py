"""The pipeline on one machine: what it talks to in the cloud is stood in for by small servers; our own parts are real."""
