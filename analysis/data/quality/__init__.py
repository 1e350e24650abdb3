"""What looks wrong, what is late, and from when figures can no longer be compared."""
