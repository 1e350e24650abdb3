"""One module per published layout: bytes in, a validated ``Parsed`` out."""
