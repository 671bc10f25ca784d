"""HOW gradients come about: graph, backpropagation, lowering, tape, and the interpreter.  Names no operation."""
