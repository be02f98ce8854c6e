"""From what a creator delivers to a session that fits: named, made to fit the limits, paired.

In come folders, or what a browser sends; out come files in `uploaded/` and rows of the session inventory. What is
delivered is never touched.
"""
