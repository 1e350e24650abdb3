"""How things look and are served. Nothing here computes a statistic."""
