"""The hot-spot page: five questions, their controls, maps and tables."""
