"""Small servers in place of the cloud's: the real clients talk to them over real sockets."""
