"""Writes the graph of one layer of all-MiniLM-L6-v2, without weights, for the ONNX runtime:

    .venv/bin/pip install onnx && .venv/bin/python models/train/bert_layer.py

The attention and the sums with normalisation are operators of the runtime's own.
"""

import sys
from pathlib import Path

import onnx
from onnx import helper

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from voice.dialogue.triage.bert_layer import GRAPH

WIDTH, INNER, HEADS, EPSILON = 384, 1536, 12, 1e-12
RUNTIME = "com.microsoft"
SHAPES = {
    "attention": (WIDTH, 3 * WIDTH),
    "mix": (WIDTH, WIDTH),
    "mixed_norm": (WIDTH,),
    "up": (WIDTH, INNER),
    "down": (INNER, WIDTH),
    "norm": (WIDTH,),
}


def outside(name: str, shape: tuple[int, ...]) -> onnx.TensorProto:
    """An array that whoever opens the graph has to give."""
    tensor = onnx.TensorProto(name=name, dims=shape, data_type=onnx.TensorProto.FLOAT)
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="given when opened")
    return tensor


def layer() -> onnx.ModelProto:
    """float32 [sentences, tokens, width], in and out."""
    given = [outside(f"{name}.weight", shape) for name, shape in SHAPES.items()]
    given += [outside(f"{name}.bias", shape[-1:]) for name, shape in SHAPES.items()]
    nodes: list[onnx.NodeProto] = []

    def node(operator: str, inputs: str, output: str, domain: str = "", **settings: float) -> None:
        made = helper.make_node(operator, inputs.split(), [output], domain=domain, **settings)
        nodes.append(made)

    def normalised(product: str, added: str, bias: str, norm: str, output: str) -> None:
        inputs = f"{product} {added} {norm}.weight {norm}.bias {bias}"
        node("SkipLayerNormalization", inputs, output, RUNTIME, epsilon=EPSILON)

    attended = "hidden attention.weight attention.bias"
    node("Attention", attended, "attended", RUNTIME, num_heads=HEADS)
    node("MatMul", "attended mix.weight", "mix")
    normalised("mix", "hidden", "mix.bias", "mixed_norm", "mixed")
    node("MatMul", "mixed up.weight", "up")
    node("BiasGelu", "up up.bias", "inner", RUNTIME)
    node("MatMul", "inner down.weight", "down")
    normalised("down", "mixed", "down.bias", "norm", "next")
    kind, shape = onnx.TensorProto.FLOAT, ("sentences", "tokens", WIDTH)
    ends = [helper.make_tensor_value_info(name, kind, shape) for name in ("hidden", "next")]
    graph = helper.make_graph(nodes, "layer", ends[:1], ends[1:], given)
    sets = [helper.make_opsetid("", 17), helper.make_opsetid(RUNTIME, 1)]
    return helper.make_model(graph, opset_imports=sets, ir_version=8)


if __name__ == "__main__":
    GRAPH.write_bytes(layer().SerializeToString(deterministic=True))
