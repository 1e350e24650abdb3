"""Other cities: who may stand beside ours, ready-made pools, and what was published about them."""
