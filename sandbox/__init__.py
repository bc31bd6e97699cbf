"""A development tool: an AWS endpoint on loopback, and a simulated account in it. Imported by no product code."""
