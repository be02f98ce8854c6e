"""What is known of the library without asking the site: the cache, the inventories, the history, the snapshots.

CSV files come in, records go out, and back. It imports `model` and `workspace`.
"""
