"""Traces: seeded requests of people and machines whose truth is known, to measure the scoring of clicks with.

`make_trace(name, parameters)` gives a trace. It is sent over HTTP to a running stack (`plan_trace`), or turned into raw
clicks with their labels without any server (`record_trace`, `write_clicks`, `read_clicks`). `evaluate` compares
the labels with what a scorer says. All of it is pure: the same name and parameters give the same requests, and with the
same start the same clicks, to the byte.
"""
