"""One module a page: results in, figures, numbers and sentences out. No page computes anything itself."""
