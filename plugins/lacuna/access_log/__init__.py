"""Server access logs: can a target receive them, where do they lie, what is weak about them? Pure."""
