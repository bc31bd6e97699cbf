"""Every call to AWS. Clients are passed in; what comes back are frozen values or named errors."""
