"""What people hold: a network, a run, several networks that answer together; as files, and as they show themselves.

    network.py    the network: structure, training, prediction
    reworking.py  the network made ready for another start (a base of `Network`)
    run.py        what was trained on what, how it went and what came out; what it began with (`Origin`)
    ensemble.py   networks that were trained alike, asked together
    files.py      the model's file, and every file written whole or not at all (`write_atomic`)
    showing.py    networks, runs and histories in a notebook, as text, in a terminal

Some of their methods are doors to rooms above (`Network.trace`, `Run.trace`, `Run.diagnosis`), opened when they are
called; the contract in pyproject.toml lists them.
"""
