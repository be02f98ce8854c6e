"""What the library holds, and how its reviews went: pure functions over pandas frames, which touch no file.

`library_frame` makes the frame that most of the others take. Each table has one row a value, pair, creative or month,
documented where it is made; a chart of it is in `charts`, and what it says in a sentence in `findings`.
"""
