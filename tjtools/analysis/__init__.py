"""What the library holds, and how its reviews went: pure functions over pandas frames.

`library_frame` makes the frame that most of the others take, out of the library and the history; the others touch no
file. Each table has one row a value, pair, creative, run or month, documented where it is made; a chart of it is in
`charts`, and what it says in a sentence in `findings`.
"""
