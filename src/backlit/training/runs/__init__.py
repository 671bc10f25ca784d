"""A run before its first step, and what of it lies on disk: prepared, kept, and made again from its folder.

defaults.py     what is trained when nothing is said
preparing.py    what is settled before the first step: columns on a scale, the network, its settings
starting.py     a training that begins with the weights of another one
configuring.py  the arguments of a training as plain data: run.json, config.toml, and back
checkpoint.py   where a training stands, as a file
keeping.py      a run's folder written while it trains;  locking.py: one process at a time in it
again.py        a recorded run before its first step, made again from its folder
"""
