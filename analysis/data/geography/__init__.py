"""Where things are: outlines, the region, cells and areas of incidents, counts on a grid."""
