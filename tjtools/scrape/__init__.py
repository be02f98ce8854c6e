"""The library follows the site: read its sections, show the difference, apply it.

A site comes in, certificates and an update go out. It imports all below it, `site` and `diff` too.
"""
