"""How a bucket is protected, as states that can be compared. Pure."""
