"""What the library holds, and how its reviews went: pure functions over pandas frames.

`frame` makes the one frame that most of the others take, out of the library and the history, which `reviews` reads.
`contents` and `estimates` make tables of them, of one row a value, pair, creative, run or day; `charts` draws a
table, `findings` says it in a sentence. `exhibits` declares what is shown: notebooks and report loop over its lists.
"""
