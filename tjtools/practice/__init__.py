"""To practise: the demo, a workspace on the sandbox, and sample media."""
