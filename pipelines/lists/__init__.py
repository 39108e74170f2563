"""Marketing's list of a week: who is picked, and the files that leave the house."""
