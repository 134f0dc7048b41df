"""结果录入表: one department's results of a campaign, as a workbook that people fill in.

`rows` says what is to be entered, `writer` makes the sheet, `reader` reads it, `checks` turns it into results
or marks, `marker` writes the marks into a copy.
"""
