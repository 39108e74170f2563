"""A new feed in ten minutes: from a sample file to contract, expectations and a masked sample."""
