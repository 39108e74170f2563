"""Feed writers: each module turns the county into the shipments of one department."""
