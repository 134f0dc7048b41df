"""工作总结: the numbers of a campaign as a text that a clerk edits and hands in, with charts.

`content` puts the text together once, as blocks; `document` writes them as DOCX, `plain` as Markdown;
`charts` draws the pictures.
"""
