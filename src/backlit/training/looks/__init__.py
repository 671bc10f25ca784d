"""The lens held over networks and runs: steps done again and traced, gradients checked, the loss around a point.

tracing.py     a step of a network as a trace;  replaying.py: a step of a run, done again (`backlit.trace`)
gradients.py   the gradient check of a network
standing.py    where a training stands: network, rows, settings, the optimizer's state
spectra.py     how sharp the loss is there (`backlit.curvature`)
landscapes.py  slices of the loss (`backlit.landscape`);  rates.py: what other learning rates would have done
collapsing.py  layers of identity units multiplied into one (`backlit.collapse`)
looking.py     what the report of a training shows of its insides
"""
