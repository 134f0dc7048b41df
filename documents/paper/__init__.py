"""Paper as PDF: templates of the office, data from the ledger, fonts that are checked before they print.

`press` compiles one template with one set of data; `run` prints many.  What stands on each paper is
put together in `forms`, `slips`, `letters`, `groups` and `draw_record`; how it looks is said by
the templates in documents/templates, which an office overrides by files of the same name
(docs/paper.md).
"""
