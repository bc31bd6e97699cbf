"""CloudTrail: what do trails record, where are their files, are the files genuine? Pure."""
