"""The libraries under audit: one small class each, which calls the library's public functions as a user would.

`compute(op, model, scalar, inputs)` takes arrays of rows `[n, d]` by input name, at c = 1, and gives the values `[n]` or
`[n, d]`, or None where the library has no such operation. Points are passed as they are: no class projects them first. What a
function clips inside is what the audit is about.
"""

import importlib.metadata

import numpy as np

DTYPES = {"f32": "float32", "f64": "float64"}


class Library:
    name = ""

    @property
    def version(self):
        return importlib.metadata.version(self.name)

    def compute(self, op, model, scalar, inputs):
        method = getattr(self, f"{model.replace('-', '_')}_{op}", None)
        return None if method is None else method(scalar, **inputs)


def torch_tensors(scalar, *arrays):
    import torch

    return [torch.tensor(array, dtype=getattr(torch, DTYPES[scalar])) for array in arrays]


def torch_gradient(scalar, distance, x, y):
    """The derivative of each row's distance by that row's x."""
    x, y = torch_tensors(scalar, x, y)
    x.requires_grad_(True)
    distance(x, y).sum().backward()
    return x.grad.numpy()


class Geoopt(Library):
    name = "geoopt"

    def ball(self, scalar):
        import geoopt
        import torch

        # Made in the dtype itself: a float32 ball turned into float64 keeps c = 0.99999996.
        return geoopt.PoincareBall(c=torch.tensor(1.0, dtype=getattr(torch, DTYPES[scalar])))

    def hyperboloid(self, scalar):
        import geoopt
        import torch

        return geoopt.Lorentz(k=torch.tensor(1.0, dtype=getattr(torch, DTYPES[scalar])))

    def call(self, manifold, function, scalar, *arrays, **options):
        return getattr(manifold, function)(*torch_tensors(scalar, *arrays), **options).detach().numpy()

    def poincare_distance(self, scalar, x, y):
        return self.call(self.ball(scalar), "dist", scalar, x, y)

    def poincare_gradient(self, scalar, x, y):
        return torch_gradient(scalar, self.ball(scalar).dist, x, y)

    def poincare_add(self, scalar, x, y):
        return self.call(self.ball(scalar), "mobius_add", scalar, x, y)

    def poincare_exp(self, scalar, x, v):
        return self.call(self.ball(scalar), "expmap", scalar, x, v)

    def poincare_log(self, scalar, x, y):
        return self.call(self.ball(scalar), "logmap", scalar, x, y)

    def poincare_transport(self, scalar, x, y, v):
        return self.call(self.ball(scalar), "transp", scalar, x, y, v)

    def poincare_mlr(self, scalar, x, p, a):
        # Its scaled distance is in units of the Euclidean norm of a; a logit (Ganea et al. 2018) is lambda_p times that.
        ball = self.ball(scalar)
        x, p, a = torch_tensors(scalar, x, p, a)
        return (ball.lambda_x(p) * ball.dist2plane(x, p, a, signed=True, scaled=True)).detach().numpy()

    def lorentz_ambient_distance(self, scalar, x, y):
        return self.call(self.hyperboloid(scalar), "dist", scalar, x, y)

    def lorentz_ambient_exp(self, scalar, x, v):
        return self.call(self.hyperboloid(scalar), "expmap", scalar, x, v)

    def lorentz_ambient_log(self, scalar, x, y):
        return self.call(self.hyperboloid(scalar), "logmap", scalar, x, y)

    def lorentz_ambient_transport(self, scalar, x, y, v):
        return self.call(self.hyperboloid(scalar), "transp", scalar, x, y, v)


class Hypll(Library):
    name = "hypll"

    def ball(self):
        from hypll.manifolds.poincare_ball import Curvature, PoincareBall

        # Its default strategy is softplus, which makes 1 into 1.3133.
        return PoincareBall(Curvature(value=1.0, constraining_strategy=lambda x: x))

    def points(self, scalar, *arrays):
        from hypll.tensors import ManifoldTensor

        ball = self.ball()
        return ball, [ManifoldTensor(tensor, manifold=ball) for tensor in torch_tensors(scalar, *arrays)]

    def tangent(self, scalar, v, at):
        from hypll.tensors import TangentTensor

        return TangentTensor(torch_tensors(scalar, v)[0], manifold_points=at, manifold=at.manifold)

    def poincare_distance(self, scalar, x, y):
        ball, (x, y) = self.points(scalar, x, y)
        return ball.dist(x, y).detach().numpy()

    def poincare_gradient(self, scalar, x, y):
        from hypll.tensors import ManifoldTensor

        ball = self.ball()

        def distance(x, y):
            return ball.dist(ManifoldTensor(x, manifold=ball), ManifoldTensor(y, manifold=ball))

        return torch_gradient(scalar, distance, x, y)

    def poincare_add(self, scalar, x, y):
        ball, (x, y) = self.points(scalar, x, y)
        return ball.mobius_add(x, y).tensor.detach().numpy()

    def poincare_exp(self, scalar, x, v):
        ball, (x,) = self.points(scalar, x)
        return ball.expmap(self.tangent(scalar, v, x)).tensor.detach().numpy()

    def poincare_log(self, scalar, x, y):
        ball, (x, y) = self.points(scalar, x, y)
        return ball.logmap(x, y).tensor.detach().numpy()

    def poincare_transport(self, scalar, x, y, v):
        ball, (x, y) = self.points(scalar, x, y)
        return ball.transp(self.tangent(scalar, v, x), y).tensor.detach().numpy()


class Hyptorch(Library):
    name = "hyptorch"

    def ball(self, scalar):
        import torch
        from hyptorch.manifolds import PoincareBall

        return PoincareBall(curvature=1.0, dtype=getattr(torch, DTYPES[scalar]))

    def call(self, function, scalar, *arrays):
        return getattr(self.ball(scalar), function)(*torch_tensors(scalar, *arrays)).detach().numpy()

    def poincare_distance(self, scalar, x, y):
        return self.call("distance", scalar, x, y)[:, 0]

    def poincare_gradient(self, scalar, x, y):
        return torch_gradient(scalar, self.ball(scalar).distance, x, y)

    def poincare_add(self, scalar, x, y):
        return self.call("mobius_add", scalar, x, y)

    def poincare_exp(self, scalar, x, v):
        return self.call("exponential_map", scalar, x, v)

    def poincare_log(self, scalar, x, y):
        return self.call("logarithmic_map", scalar, x, y)

    def poincare_mlr(self, scalar, x, p, a):
        from hyptorch.nn.functional import compute_hyperbolic_mlr_logits

        ball = self.ball(scalar)
        x, p, a = torch_tensors(scalar, x, p, a)
        # One class a row: its function gives every row against every class.
        rows = [compute_hyperbolic_mlr_logits(x[i : i + 1], a[i : i + 1], p[i : i + 1], ball)[0, 0] for i in range(len(x))]
        return np.array([row.item() for row in rows], dtype=DTYPES[scalar])


class Hyperbolix(Library):
    name = "hyperbolix"
    # Its functions take the point a tangent vector starts from last.
    MODELS = {"poincare": "Poincare", "lorentz-ambient": "Hyperboloid", "klein": "Klein"}
    FUNCTIONS = {
        "distance": ("dist", "xy"),
        "add": ("addition", "xy"),
        "exp": ("expmap", "vx"),
        "log": ("logmap", "yx"),
        "transport": ("ptransp", "vxy"),
    }

    def compute(self, op, model, scalar, inputs):
        import jax

        jax.config.update("jax_enable_x64", True)
        import hyperbolix.manifolds as manifolds
        import jax.numpy as jnp

        dtype = getattr(jnp, DTYPES[scalar])
        manifold = getattr(manifolds, self.MODELS[model])(dtype=dtype)
        name, order = self.FUNCTIONS.get("distance" if op == "gradient" else op, (None, None))
        # Its hyperplane scores take another form of hyperplane (Shimizu et al. 2021), which fixes where p lies.
        if name is None:
            return None
        function = getattr(manifold, name)

        def row(*arguments):
            return function(*arguments, 1.0)

        if op == "gradient":
            if model == "lorentz-ambient":
                return None
            row = jax.grad(row)
        arguments = [jnp.asarray(inputs[letter], dtype=dtype) for letter in order]
        return np.asarray(jax.jit(jax.vmap(row))(*arguments))


class Geomstats(Library):
    name = "geomstats"
    # Of its backends the default one, numpy: it has no gradients. Its ball gets one row at a time: its projection moves
    # every row of a batch where one of them is near the rim.

    def ball(self, x):
        from geomstats.geometry.poincare_ball import PoincareBall

        return PoincareBall(x.shape[1])

    def hyperboloid(self, x):
        from geomstats.geometry.hyperboloid import Hyperboloid

        return Hyperboloid(x.shape[1] - 1)

    def arrays(self, scalar, *arrays):
        return [np.asarray(array, dtype=DTYPES[scalar]) for array in arrays]

    def poincare_distance(self, scalar, x, y):
        return self.ball(x).metric.dist(*self.arrays(scalar, x, y))

    def poincare_add(self, scalar, x, y):
        metric = self.ball(x).metric
        return np.stack([metric.mobius_add(*rows) for rows in zip(*self.arrays(scalar, x, y))])

    def poincare_exp(self, scalar, x, v):
        metric = self.ball(x).metric
        return np.stack([metric.exp(*rows) for rows in zip(*self.arrays(scalar, v, x))])

    def poincare_log(self, scalar, x, y):
        metric = self.ball(x).metric
        return np.stack([metric.log(*rows) for rows in zip(*self.arrays(scalar, y, x))])

    def lorentz_ambient_distance(self, scalar, x, y):
        return self.hyperboloid(x).metric.dist(*self.arrays(scalar, x, y))

    def lorentz_ambient_exp(self, scalar, x, v):
        x, v = self.arrays(scalar, x, v)
        return self.hyperboloid(x).metric.exp(v, x)

    def lorentz_ambient_log(self, scalar, x, y):
        x, y = self.arrays(scalar, x, y)
        return self.hyperboloid(x).metric.log(y, x)

    def lorentz_ambient_transport(self, scalar, x, y, v):
        x, y, v = self.arrays(scalar, x, y, v)
        return self.hyperboloid(x).metric.parallel_transport(v, x, end_point=y)


LIBRARIES = [Geoopt(), Hypll(), Hyptorch(), Hyperbolix(), Geomstats()]
