"""Hot spots: where, is it real, did it move."""
