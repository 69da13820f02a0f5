"""Random vectors: one for each of `size`, of one length, drawn for the whole batch at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vectorizer.rules.context import Context
from vectorizer.rules.random import FLOAT, LONG, Source, add_row, as_written, draw_axes, drawn, need_uniform, size_items
from vectorizer.rules.table import Call
from vectorizer.source.operand import Operand, call
from vectorizer.values import INT64, Array, Unsupported, is_uniform


@dataclass(frozen=True)
class VectorDistribution:
    """A distribution of vectors, one for each of `size`.

    parameters: their names, with the rank that each has for one vector.
    vector: the one whose last axis has the length of the vectors.
    varying: those that may differ between the examples.
    """

    parameters: dict[str, int]
    vector: str
    dtype: np.dtype[Any]
    extra: str = ""
    varying: tuple[str, ...] = ()

    def lower(self, rw: Context, c: Call, source: Source) -> Operand:
        """A draw for all examples at once."""
        params = (*self.parameters, "size", *self.extra.split())
        bound = c.bind(params)
        if any(name not in bound for name in self.parameters):
            raise Unsupported(f"{c.name} is called with too few arguments")
        size = size_items(rw, bound) or []
        given = {n: rw.as_array(bound[n]) for n in self.parameters}
        for name, rank in self.parameters.items():
            if given[name].array.rank != rank:
                raise Unsupported(f"{c.name} of several distributions at once")
        axes = draw_axes(rw, source, c.name)
        rw.hazard("a draw may raise")
        dims = (*(s.array.affine for s in size), given[self.vector].array.dims[-1])
        value = Array(self.dtype, len(size) + 1, axes, dims=dims)
        if not axes:
            need_uniform(c, list(bound.values()))
            return drawn(rw, as_written(c), value)
        codes: dict[str, str | None] = {k: o.code for k, o in bound.items()}
        for name, operand in bound.items():
            if not is_uniform(operand.value):
                if name not in self.varying or set(given[name].array.axes) - set(axes):
                    raise Unsupported(f"{c.name} with {name}= that differs between the examples")
                codes[name] = rw.expand(given[name], axes, len(size) + self.parameters[name]).code
        codes["size"] = rw.shape_code(axes, [s.code for s in size])
        return drawn(rw, c.render(params, codes), value)


add_row("dirichlet", VectorDistribution({"alpha": 1}, "alpha", FLOAT).lower)
_multinomial = {"n": 0, "pvals": 1}
add_row("multinomial", VectorDistribution(_multinomial, "pvals", INT64, varying=("n", "pvals")).lower, legacy=False)
add_row("multinomial", VectorDistribution(_multinomial, "pvals", LONG).lower, generator=False)
_hypergeometric = VectorDistribution({"colors": 1, "nsample": 0}, "colors", INT64, "method")
add_row("multivariate_hypergeometric", _hypergeometric.lower, legacy=False)


def lower_multivariate_normal(rw: Context, c: Call, source: Source) -> Operand:
    """Vectors about a mean that may differ between the examples; their covariance may not."""
    rule = VectorDistribution({"mean": 1, "cov": 2}, "mean", FLOAT, "check_valid tol method")
    params = ("mean", "cov", "size", "check_valid", "tol", "method")
    bound = c.bind(params)
    mean = bound.get("mean")
    if mean is None or is_uniform(mean.value) or "cov" not in bound or not is_uniform(bound["cov"].value):
        return rule.lower(rw, c, source)
    mean = rw.temp(rw.as_array(mean), "mean")
    if mean.array.rank != 1:
        raise Unsupported(f"{c.name} of several distributions at once")
    length = f"{mean.primary}.shape[{len(mean.array.axes)}]"  # compared with that of the covariance when it is drawn
    zeros = Operand(call(rw.np("zeros"), length), Array(FLOAT, 1, dims=mean.array.dims), fresh=True)
    rest = {k: o for k, o in bound.items() if k not in ("mean", "cov")}
    inner = Call(c.function, [zeros, bound["cov"]], rest)
    return rw.binary("+", mean, rule.lower(rw, inner, source))


add_row("multivariate_normal", lower_multivariate_normal)
