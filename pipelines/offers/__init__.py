"""What the bank could offer a prospect: products as data, limits, rates, subsidies."""
