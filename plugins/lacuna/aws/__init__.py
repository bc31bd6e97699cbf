"""Every call to the accounts that are watched. Answers are frozen values or named errors."""
