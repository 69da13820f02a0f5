"""The samples: each runs, and gives what the loop over its examples, or NumPy by hand, gives."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from vectorizer import Vectorized, jit
from vectorizer.testing import assert_matches_loop

FOLDER = Path(__file__).parent.parent / "samples"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"sample_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def sample(request: pytest.FixtureRequest) -> ModuleType:
    return load(FOLDER / f"{request.param}.py")


def of(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("sample", [name], indirect=True, ids=[name])


def one(function: Vectorized):
    """The function as its author wrote it."""
    return function.__wrapped__


@pytest.mark.parametrize("sample", NAMES, indirect=True)
def test_main_prints_source_and_results(sample: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    sample.main()
    printed = capsys.readouterr().out
    functions = [
        v for v in vars(sample).values() if isinstance(v, Vectorized) and v is not vars(sample).get("convolve_jitted")
    ]
    assert functions
    for function in functions:
        assert function.source() in printed
        assert f"def {function.__name__}(" in function.source()


# --- the tutorial -----------------------------------------------------------------------------------------------------


def assert_same(result: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_array_equal(result, expected, strict=True)


RESULT = np.array([[11.0, 20.0, 29.0], [11.0, 20.0, 29.0]])


@of("tutorial")
def test_tutorial_loop(sample: ModuleType) -> None:
    assert_same(sample.manually_batched_convolve(sample.xs, sample.ws), RESULT)


@of("tutorial")
def test_tutorial_both_batched(sample: ModuleType) -> None:
    assert_same(sample.convolve(sample.xs, sample.ws), RESULT)


@of("tutorial")
def test_tutorial_transposed(sample: ModuleType) -> None:
    assert_same(sample.convolve_columns(sample.xs.T, sample.ws.T), RESULT.T)


@of("tutorial")
def test_tutorial_shared_weights(sample: ModuleType) -> None:
    assert_same(sample.convolve_shared(sample.xs, sample.w), RESULT)


@of("tutorial")
def test_tutorial_jit(sample: ModuleType) -> None:
    assert_same(sample.convolve_jitted(sample.xs, sample.ws), RESULT)
    assert_same(jit(sample.convolve_one)(sample.x, sample.w), RESULT[0])


@of("tutorial")
def test_tutorial_has_no_loop(sample: ModuleType) -> None:
    source = sample.convolve.source(sample.xs, sample.ws)
    assert " for " not in source and "while" not in source


@of("tutorial")
def test_tutorial_matches_loop(sample: ModuleType) -> None:
    rng = np.random.default_rng(1)
    for batch, length in ((1, 3), (3, 3), (5, 9)):  # one of them with batch size, length and width the same
        assert_matches_loop(sample.convolve_one, (rng.normal(size=(batch, length)), rng.normal(size=(batch, 3))))


# --- the others -------------------------------------------------------------------------------------------------------


@of("mlp")
def test_mlp(sample: ModuleType) -> None:
    expected = np.stack([one(sample.predict)(sample.params, x) for x in sample.inputs])
    result = sample.predict(sample.params, sample.inputs)
    np.testing.assert_allclose(result, expected, rtol=1e-12)
    np.testing.assert_allclose(np.exp(result).sum(axis=1), 1)


@of("pairwise_distances")
def test_pairwise_distances(sample: ModuleType) -> None:
    expected = np.array([[0.0, 8.0], [5.0, 5.0], [10.0, 6.0]])
    assert_same(sample.distances(sample.points, sample.centres), expected)


@of("pairwise_distances")
def test_pairwise_distances_have_both_axes_in_one_rewrite(sample: ModuleType) -> None:
    rng = np.random.default_rng(1)
    p, q = rng.normal(size=(4, 3)), rng.normal(size=(5, 3))
    expected = np.array([[math.dist(a, b) for b in q] for a in p])
    np.testing.assert_allclose(sample.distances(p, q), expected, rtol=1e-12)


@of("kalman")
def test_kalman_step(sample: ModuleType) -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(4, 2)), rng.normal(size=(4, 1))
    P = np.eye(2) * rng.uniform(1, 2, size=(4, 1, 1))
    model = (sample.F, sample.H, sample.Q, sample.R)
    states, covariances = sample.kalman_step(x, P, y, *model)
    for k in range(4):
        state, covariance = one(sample.kalman_step)(x[k], P[k], y[k], *model)
        np.testing.assert_allclose(states[k], state, rtol=1e-10)
        np.testing.assert_allclose(covariances[k], covariance, rtol=1e-10)


@of("kalman")
def test_kalman_filter(sample: ModuleType) -> None:
    rest = (sample.F, sample.H, sample.Q, sample.R, sample.x0, sample.P0)
    expected = np.stack([one(sample.kalman_filter)(ys, *rest) for ys in sample.ys])
    np.testing.assert_allclose(sample.kalman_filter(sample.ys, *rest), expected, rtol=1e-10)


@of("kalman")
def test_kalman_filter_keeps_what_is_shared(sample: ModuleType) -> None:
    rest = (sample.F, sample.H, sample.Q, sample.R, sample.x0, sample.P0)
    assert "P = P - K @ H @ P" in sample.kalman_filter.source(sample.ys, *rest)


@of("loss")
def test_loss(sample: ModuleType) -> None:
    weight, bias = sample.params["weight"], sample.params["bias"]
    expected = []
    for x, label in zip(sample.xs, sample.labels, strict=True):
        logits = weight @ x + bias
        probabilities = np.exp(logits) / np.exp(logits).sum()
        expected.append(-np.log(probabilities[label]) + 0.01 * (weight**2).sum())
    np.testing.assert_allclose(sample.loss(sample.params, sample.xs, sample.labels), expected, rtol=1e-12)


@of("mandelbrot")
def test_mandelbrot(sample: ModuleType) -> None:
    points = sample.grid(16, 12).ravel()
    expected = np.array([one(sample.escape_time)(c, 60) for c in points])
    assert_same(sample.escape_time(points, 60), expected)


@of("mandelbrot")
def test_mandelbrot_image(sample: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib", reason="the image needs matplotlib")
    sample.main(str(tmp_path))
    assert (tmp_path / "mandelbrot.png").read_bytes().startswith(b"\x89PNG")


@of("newton_fractal")
def test_newton_fractal(sample: ModuleType) -> None:
    points = np.append(sample.grid(16, 13).ravel(), 0)
    expected = [one(sample.newton)(z, 40) for z in points]
    roots, steps = sample.newton(points, 40)
    assert_same(roots, np.array([root for root, _ in expected]))
    assert_same(steps, np.array([count for _, count in expected]))
    assert set(roots) == {0, 1, 2}


@of("newton_fractal")
def test_newton_fractal_image(sample: ModuleType, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the image needs matplotlib")
    sample.main(str(tmp_path))
    assert (tmp_path / "newton_fractal.png").read_bytes().startswith(b"\x89PNG")


@of("ray_sphere")
def test_ray_sphere(sample: ModuleType) -> None:
    rays = sample.camera(20, 15)
    expected = [one(sample.brightness)(ray, sample.centres, sample.radii, sample.light) for ray in rays]
    result = sample.brightness(rays, sample.centres, sample.radii, sample.light)
    np.testing.assert_allclose(result, expected, rtol=1e-10, atol=1e-12)
    assert 0 < np.count_nonzero(result) < len(rays)


@of("collatz")
def test_collatz(sample: ModuleType) -> None:
    numbers = sample.numbers[:500]
    expected = np.array([one(sample.collatz)(n) for n in numbers])
    steps, highest = sample.collatz(numbers)
    assert_same(steps, expected[:, 0])
    assert_same(highest, expected[:, 1])


@of("integrate_and_fire")
def test_integrate_and_fire(sample: ModuleType) -> None:
    for function in (sample.first_spike, sample.spikes):
        expected = np.array([one(function)(current, 2000) for current in sample.currents])
        assert_same(function(sample.currents, 2000), expected)
    assert sample.first_spike(sample.currents, 2000)[0] == -1  # too weak to fire


@of("american_option")
def test_american_option(sample: ModuleType) -> None:
    books = list(zip(sample.spots, sample.strikes, sample.years, sample.volatilities, strict=True))
    expected = [one(sample.american_put)(s, k, t, sample.rate, v, 30) for s, k, t, v in books]
    result = sample.american_put(sample.spots, sample.strikes, sample.years, sample.rate, sample.volatilities, 30)
    np.testing.assert_allclose(result, expected, rtol=1e-12)
    assert (result >= sample.strikes - sample.spots).all()


@of("black_scholes")
def test_black_scholes(sample: ModuleType) -> None:
    books = zip(sample.spots, sample.strikes, sample.years, sample.volatilities, strict=True)
    expected = [one(sample.call_price)(s, k, t, sample.rate, v) for s, k, t, v in books]
    result = sample.call_price(sample.spots, sample.strikes, sample.years, sample.rate, sample.volatilities)
    np.testing.assert_allclose(result, expected, rtol=1e-12)


# --- on the command line ----------------------------------------------------------------------------------------------


CONTAINERS = {  # annotations do not say what they hold; the Makefile has the same
    "mlp": "params: [(float64[8, 6], float64[8]), (float64[8, 8], float64[8]), (float64[3, 8], float64[3])]",
    "loss": "params: {weight: float64[c, n], bias: float64[c], decay: float}",
}


@pytest.mark.parametrize("name", NAMES)
def test_emitted_sample_gives_the_same(name: str, tmp_path: Path) -> None:
    """`vectorizer emit` rewrites each sample from its text alone, and the module that it writes can be imported."""
    cli = pytest.importorskip("vectorizer.cli", reason="there is no command line yet")
    from click.testing import CliRunner

    target = tmp_path / f"{name}.py"
    options = ["--arg", CONTAINERS[name]] if name in CONTAINERS else []
    outcome = CliRunner().invoke(cli.main, ["emit", str(FOLDER / f"{name}.py"), *options, "-o", str(target)])
    assert outcome.exit_code == 0, outcome.output
    original, emitted = load(FOLDER / f"{name}.py"), load(target)
    for function, arguments in calls(original):
        batched = getattr(emitted, function.__name__)
        assert not isinstance(batched, Vectorized)
        result, expected = batched(*arguments), function(*arguments)
        for a, b in zip(flat(result), flat(expected), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10)


def flat(result: object) -> list[object]:
    return list(result) if isinstance(result, tuple) else [result]


def calls(s: ModuleType) -> list[tuple[Vectorized, tuple[object, ...]]]:
    """The decorated functions of a sample, with arguments."""
    match s.__name__.removeprefix("sample_"):
        case "tutorial":
            return [(s.convolve, (s.xs, s.ws))]
        case "mlp":
            return [(s.predict, (s.params, s.inputs))]
        case "pairwise_distances":
            return [(s.distances, (s.points, s.centres))]
        case "kalman":
            start = (np.tile(s.x0, (3, 1)), np.tile(s.P0, (3, 1, 1)), s.ys[:, 0])
            model = (s.F, s.H, s.Q, s.R)
            return [(s.kalman_step, (*start, *model)), (s.kalman_filter, (s.ys, *model, s.x0, s.P0))]
        case "loss":
            return [(s.loss, (s.params, s.xs, s.labels))]
        case "mandelbrot":
            return [(s.escape_time, (s.grid(16, 12).ravel(), 60))]
        case "newton_fractal":
            return [(s.newton, (s.grid(16, 13).ravel(), 40))]
        case "ray_sphere":
            return [(s.brightness, (s.camera(20, 15), s.centres, s.radii, s.light))]
        case "collatz":
            return [(s.collatz, (s.numbers[:500],))]
        case "integrate_and_fire":
            return [(s.first_spike, (s.currents, 2000)), (s.spikes, (s.currents, 2000))]
        case "american_option":
            return [(s.american_put, (s.spots, s.strikes, s.years, s.rate, s.volatilities, 30))]
        case "black_scholes":
            return [(s.call_price, (s.spots, s.strikes, s.years, s.rate, s.volatilities))]
    raise AssertionError(f"{s.__name__} has no calls here")
