"""The pipeline on one machine. Small local servers replace the cloud's services; our own parts are real."""
