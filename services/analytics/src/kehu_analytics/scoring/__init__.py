"""How customers are scored: scoring options, value models, value grades."""
