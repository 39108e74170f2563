"""What became of the listed: outcomes, attribution, funnel, plan progress."""
