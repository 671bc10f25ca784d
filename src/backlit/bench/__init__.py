"""The benchmark: what training and prediction cost here, in other libraries, and at the machine's limit.

    workloads.py   the networks, their data, initial weights and targets
    peers/         one file for each library: how it trains and predicts a workload, as its own documentation shows
    check.py       that all of them compute the same, before anything is timed
    timing.py      turns: who is timed when, and what is made of the times
    limit.py       the time that the matrix products and the bytes of a step take alone;  native.py: what measures it
    training.py, predicting.py   a workload measured, from the check to the figures
    machine.py     what it was measured on;  results.py: the figures as data;  page.py: as tables for people
    costs.py       the time to the first model (scripts in first/), the import, a new shape; memory
    threads.py     one thread against two;  growth.py: how the time grows with rows, width, depth and batch, drawn
    processes.py   whole processes measured, by the small program launch.py
    specialists.py libraries for small networks that could not take part
    vitals.py      what it costs to look at a training while it runs
    run.py         all of it in one run

Only `cli/` imports this room.  Other libraries are imported inside functions: Backlit needs none of them.
"""
