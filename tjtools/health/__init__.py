"""How the workspace is: at a glance, what is next, what to mend, and whether its files agree."""
