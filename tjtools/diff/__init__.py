"""What differs, and what is the same: a session beside the library, two libraries, one content beside another.

Records come in, verdicts go out. It imports `model`, `workspace`, `cache` and `media`.
"""
