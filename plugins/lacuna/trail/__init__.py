"""CloudTrail: what do trails record, where are their files, are they genuine? Pure."""
