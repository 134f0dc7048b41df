"""What runs when: one thin flow per stage, the settings, and the command line.

Beside the flows, each in its room: `drawing` the draw as a procedure, `decisions` what people decide,
`exchange` what goes out and what the other side holds, `paper` papers and tables, `board` how a campaign
stands, `alerting` what people are told of, `telling` how a run says what it does, `commands` and
`command_line` the commands and how they speak, `service` what runs beside a run.
"""
