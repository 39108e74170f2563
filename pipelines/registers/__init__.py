"""Who is who: unified codes, names and links of entities."""
