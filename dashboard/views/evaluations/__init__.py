"""The evaluations page: declared questions, their answers and how these moved."""
