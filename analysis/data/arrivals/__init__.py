"""Files on their way in: looked at, numbered, stored, recounted and logged; all of it or nothing."""
