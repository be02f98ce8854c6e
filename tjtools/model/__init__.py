"""The words that everybody shares: creatives, sections, names, errors. It imports nothing of ours."""
