"""The audit of somebody else's draw, as people read it: in Chinese and English.

words      what each test asks, saw, and would have noticed; the verdict
tables     the report as Markdown, and as plain data
pictures   positions, gaps, classes, times drawn, as SVG
page       one self-contained HTML page
"""
