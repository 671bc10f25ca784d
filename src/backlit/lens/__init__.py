"""The lens: every number of backpropagation, on the user's own network.

    trace/       one step, looked at between the instructions of the observed tape: ledger, chain rule, drawings
    descent/     gradient descent on a function that a person types, with a verdict
    gallery/     the activation functions, each with its page
    collapse.py  layers joined by identity units, multiplied into one
    sections/    what the report of a training shows of all this
    landscape/   both ends of a network's Hessian, the bound of the learning rate, slices of the loss

A listener, never a second engine: all numbers are read from tapes that the machine runs.
"""
