"""ONNX Runtime: the network as an ONNX graph, in a session of one and of two threads."""

from __future__ import annotations

from typing import Any

from ..workloads import Array, Asking, Workload
from . import Ways

OPSET = 17


def graph(w: Workload) -> bytes:
    """The workload as an ONNX model: Gemm and activation, layer by layer, and Softmax for classes."""
    from onnx import TensorProto, helper, numpy_helper

    nodes, weights, here = [], [], "x"
    for number, (weight, bias) in enumerate(w.weights(), start=1):
        weights += [numpy_helper.from_array(weight, f"w{number}"), numpy_helper.from_array(bias, f"b{number}")]
        nodes.append(helper.make_node("Gemm", [here, f"w{number}", f"b{number}"], [f"u{number}"]))
        here = f"u{number}"
        kind = {"relu": "Relu"}[w.hidden] if number < len(w.sizes) - 1 else "Softmax" if w.classes else ""
        if kind:
            nodes.append(helper.make_node(kind, [here], [f"o{number}"]))
            here = f"o{number}"
    enter = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", w.sizes[0]])
    leave = helper.make_tensor_value_info(here, TensorProto.FLOAT, ["rows", w.sizes[-1]])
    made = helper.make_graph(nodes, "network", [enter], [leave], weights)
    model: bytes = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8
    ).SerializeToString()
    return model


def answerer(asking: Asking) -> Ways:
    """A session's `run`: all rows at once."""
    import onnxruntime

    model = graph(asking.network)

    def session(threads: int) -> Any:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        made = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

        def answer(x: Array) -> Array:
            answers: Array = made.run(None, {"x": x})[0]
            return answers

        return answer

    return {f"{n} thread{'s' * (n > 1)}": session(n) for n in (1, 2)}
