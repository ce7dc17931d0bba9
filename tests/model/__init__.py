"""The toy ledger: the model in plain Python that the SQL is held against."""
