"""Rules, scores, offers and the list, from small features frames."""
