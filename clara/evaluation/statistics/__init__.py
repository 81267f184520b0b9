"""From correctness per question and language to intervals, tests and verdicts. Needs the extra `eval`.

A table of correctness has the shape (questions, languages) and holds percentages: 100 where every epoch of a question
was answered right, 0 where none was, NaN where an answer is still missing. The question is the unit that is
drawn, since versions of one question are not independent; every value is in percentage points.
"""
