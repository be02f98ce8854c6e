"""Panels for JupyterLab: the day's work, step by step, each an observable model with a linked view.

Each function shows its panel below the cell and returns the panel's model, of which `summary` says in plain text what
matters. Without `workspace`, they work in the one that the notebook lies in.
"""
