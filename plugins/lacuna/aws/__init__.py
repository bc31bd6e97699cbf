"""Every call to the observed accounts. Answers are frozen values or named errors."""
