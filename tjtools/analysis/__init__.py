"""What the library holds, and how its reviews went: tables, charts and sentences out of pandas frames.

`sources` reads the files, for the exhibits alone; the rest are pure functions. `frame` makes the one frame that most of
them take, out of the library and the history, which `reviews` reads. `contents` and `estimates` make tables of it, of
one row a value, pair, creative, run or day; `charts` draws a table, `findings` says it in a sentence. `exhibits`
declares what is shown: notebooks and report loop over its lists.
"""
