"""Graphs for Graphviz beside Keras's: what the boxes tell, which arrows there are, and what is refused."""

import re
from itertools import product
from typing import Any

import keras
import pytest

import minikeras


def chain(k: Any) -> Any:
    layers = [k.layers.Dense(4, activation="relu", name="d1"), k.layers.Dropout(0.5, name="drop")]
    inner = k.Sequential([*layers, k.layers.Dense(3, name="d2", trainable=False)], name="inner")
    return k.Sequential([k.Input((2,)), inner, k.layers.Dense(1, activation="sigmoid", name="d3")], name="outer")


def branches(k: Any) -> Any:
    dense = k.layers.Dense
    a, b = k.Input((8,), name="a"), k.Input((4,), name="b")
    shared = dense(4, name="shared")
    x, y = shared(dense(8, activation="tanh", name="first")(a)), shared(a)
    i = k.Input((4,), name="i")
    fork = k.Model(i, [dense(3, name="left")(i), k.Sequential([dense(2, name="deep")], name="chain")(i)], name="fork")
    left, right = fork(k.layers.Add(name="add")([x, y]))
    joined = k.layers.Concatenate(name="joined")([left, b, right, fork(b)[0]])
    return k.Model([a, b], [dense(1, name="one")(joined), dense(2, name="two")(joined)], name="net")


def described(graph: Any) -> tuple[dict[str, list[str]], set[tuple[str, str]], dict[str, Any]]:
    """Return the texts of the boxes by their names, the arrows between them, and the frames."""
    texts, arrows, frames = {}, set(), {}
    names = {}
    todo = [graph]
    while todo:
        part = todo.pop()
        for node in part.get_nodes():
            if (label := node.get("label")) is None:
                continue  # what holds for all of them
            cells = [re.sub("<.*?>", "", cell) for cell in re.findall("<td.*?</td>", label[1:-1])]
            names[node.get_name()] = cells[0]
            texts[cells[0]] = cells[1:]
        for frame in part.get_subgraphs():
            frames[frame.get("label")] = {name: frame.get(name) for name in ("style", "labeljust")}
            todo.append(frame)
    todo = [graph]
    while todo:
        part = todo.pop()
        arrows |= {(names[str(edge.get_source())], names[str(edge.get_destination())]) for edge in part.get_edges()}
        todo += part.get_subgraphs()
    return texts, arrows, frames


@pytest.mark.parametrize("make", [chain, branches])
@pytest.mark.parametrize(("expand", "all_of_it"), list(product([True, False], repeat=2)))
def test_graphs(make: Any, expand: bool, all_of_it: bool) -> None:
    names = ("show_shapes", "show_dtype", "show_layer_activations", "show_trainable")
    found = []
    for k in (minikeras, keras):
        graph = k.utils.model_to_dot(make(k), expand_nested=expand, **dict.fromkeys(names, all_of_it))
        found.append((described(graph), graph.get_rankdir(), graph.get_dpi(), graph.get("splines")))
    assert found[0] == found[1]


def test_a_model_of_its_own_is_one_box() -> None:
    for k in (minikeras, keras):

        class Net(k.Model):  # type: ignore[misc,name-defined]
            def call(self, x: Any) -> Any:
                return x

        net = Net(name="net")
        net.build((None, 2))
        assert described(k.utils.model_to_dot(net))[0] == {"net (Net)": []}
        with pytest.raises(ValueError, match="built"):
            k.utils.model_to_dot(k.Sequential([k.layers.Dense(1)]))
        with pytest.raises(ValueError, match="layer_range"):
            k.utils.model_to_dot(net, layer_range=["a", "b"])
        assert "Cluster" in type(k.utils.model_to_dot(net, subgraph=True)).__name__
