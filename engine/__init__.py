"""Decides: pure functions over a frozen definition. No I/O, no clock, no environment; everything is handed in.

The one function is `rectiflow.engine.decide.decide`; what it takes and gives stands in `ticket`, `stimulus`,
`decision` and `workflow`.
"""
