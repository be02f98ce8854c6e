"""To practise: the demo, a workspace on the sandbox, sample media, and a session out of a folder of files."""
