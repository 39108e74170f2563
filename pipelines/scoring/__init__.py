"""How promising a prospect is: scorecards as data, one evaluator, points that add up."""
