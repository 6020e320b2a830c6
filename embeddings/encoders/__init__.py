"""One transformer whose config says what differs between families."""
