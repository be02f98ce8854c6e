"""The folder: its paths, settings and limits, its CSV files, and the disk below them. It imports `model` alone."""
