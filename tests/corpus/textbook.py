"""Longer functions: finance, physics, geometry, learning, signals, linear algebra, probability, images."""

import math

import numpy as np

from ._make import Spec, Suite, const, distinct, each, floats, increasing, ints, positive, spd, tree

case = Suite(__name__)


# --- finance ---


def normal_cdf(x):
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))


def black_scholes(S, K, T, r, sigma):
    d1 = (math.log(S / K) + (r + 0.5 * sigma**2) * T) / (sigma * math.sqrt(T))
    d2 = d1 - sigma * math.sqrt(T)
    call = S * normal_cdf(d1) - K * math.exp(-r * T) * normal_cdf(d2)
    put = call - S + K * math.exp(-r * T)
    return call, put


case(black_scholes, positive(), positive(), positive(), const(0.03), positive())
case(
    black_scholes,
    positive(),
    const(1.0),
    const(2),
    floats(low=0, high=0.1),
    positive(),
    name="black_scholes_one_strike",
)


def implied_volatility(price, S, K, T):
    lo, hi = 1e-4, 5.0
    for _ in range(60):
        mid = 0.5 * (lo + hi)
        value, _put = black_scholes(S, K, T, 0.01, mid)
        if value > price:
            hi = mid
        else:
            lo = mid
        if hi - lo < 1e-8:
            break
    return 0.5 * (lo + hi)


case(implied_volatility, floats(low=0.1, high=0.5), positive(low=0.9, high=1.2), const(1.0), positive())


def binomial_tree(S, K, sigma, steps=6, rate=0.02, american=False):
    dt = 1.0 / steps
    u = math.exp(sigma * math.sqrt(dt))
    d = 1 / u
    p = (math.exp(rate * dt) - d) / (u - d)
    prices = np.array([S * u**j * d ** (steps - j) for j in range(steps + 1)])
    values = np.maximum(K - prices, 0.0)
    for _ in range(steps):
        values = math.exp(-rate * dt) * (p * values[1:] + (1 - p) * values[:-1])
        if american:
            prices = prices[1:] * d
            values = np.maximum(values, K - prices)
    return values[0]


case(binomial_tree, positive(), positive(), positive(low=0.1, high=0.6))
case(
    binomial_tree,
    positive(),
    const(1.0),
    positive(low=0.1, high=0.6),
    const(5),
    const(0.02),
    const(True),
    name="binomial_tree_american",
)


def bond_price(coupon, maturity, rate, face=100.0):
    price = 0.0
    for year in range(1, maturity + 1):
        price += coupon / (1 + rate) ** year
    return price + face / (1 + rate) ** maturity


case(bond_price, positive(), const(8), floats(low=0.01, high=0.1))
case(bond_price, positive(), ints(low=1, high=12), floats(low=0.01, high=0.1), name="bond_price_varying_maturity")


def internal_rate_of_return(flows):
    rate = 0.1
    for _ in range(50):
        value = slope = 0.0
        for t, c in enumerate(flows):
            value += c / (1 + rate) ** t
            slope -= t * c / (1 + rate) ** (t + 1)
        step = value / slope
        rate -= step
        if abs(step) < 1e-10:
            return rate
    return math.nan


def _flows(rng, n):
    flows = rng.uniform(1, 3, (n, 5))
    flows[:, 0] = -rng.uniform(4, 8, n)
    return flows


case(internal_rate_of_return, Spec(_flows))


def amortization(principal, annual_rate, months):
    r = annual_rate / 12
    payment = principal * r / (1 - (1 + r) ** -months)
    balance, interest_paid = principal, 0.0
    schedule = np.zeros(months)
    for m in range(months):
        interest = balance * r
        interest_paid += interest
        balance -= payment - interest
        schedule[m] = balance
    return payment, interest_paid, schedule


case(amortization, positive(low=100, high=900), floats(low=0.01, high=0.2), const(12))


def savings_months(start, monthly, rate, goal):
    months = 0
    while start < goal and months < 100:
        start = start * (1 + rate / 12) + monthly
        months += 1
    return months


case(savings_months, positive(), positive(), floats(low=0, high=0.2), positive(low=5, high=40))


# --- dynamics ---


def lorenz(s, sigma=10.0, rho=28.0, beta=8.0 / 3.0):
    x, y, z = s
    return np.array([sigma * (y - x), x * (rho - z) - y, x * y - beta * z])


def lorenz_rk4(s, steps=5, dt=0.01):
    for _ in range(steps):
        k1 = lorenz(s)
        k2 = lorenz(s + 0.5 * dt * k1)
        k3 = lorenz(s + 0.5 * dt * k2)
        k4 = lorenz(s + dt * k3)
        s = s + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return s


case(lorenz_rk4, floats(3))


def sir(beta, gamma, s0=0.99, i0=0.01, days=20):
    s, i, r = s0, i0, 0.0
    peak, peak_day = i, 0
    curve = []
    for day in range(days):
        infected = beta * s * i
        recovered = gamma * i
        s -= infected
        i += infected - recovered
        r += recovered
        curve.append((s, i, r))
        if i > peak:
            peak, peak_day = i, day
    return np.array(curve), peak, peak_day


case(sir, floats(low=0.2, high=1.5), floats(low=0.05, high=0.4))


def logistic_map_lyapunov(r, x=0.3):
    total = 0.0
    for _ in range(20):
        x = r * x * (1 - x)
        total += math.log(abs(r * (1 - 2 * x)) + 1e-12)
    return total / 20


case(logistic_map_lyapunov, floats(low=2.5, high=3.99))


def lotka_volterra(prey, predator, alpha, beta, dt=0.05):
    history = np.empty((15, 2))
    for t in range(15):
        history[t] = prey, predator
        growth = prey * (alpha - beta * predator)
        predator += dt * predator * (0.5 * prey - 0.8)
        prey += dt * growth
    return history


case(lotka_volterra, positive(), positive(), positive(), const(0.4))


def projectile_with_drag(speed, angle, k):
    g, dt = 9.81, 0.02
    x, y = 0.0, 0.0
    vx, vy = speed * math.cos(angle), speed * math.sin(angle)
    t = 0.0
    while y >= 0.0 and t < 3.0:
        v = math.hypot(vx, vy)
        vx -= k * v * vx * dt
        vy -= (g + k * v * vy) * dt
        x += vx * dt
        y += vy * dt
        t += dt
    return x, t


case(projectile_with_drag, positive(low=1, high=10), floats(low=0.1, high=1.4), floats(low=0, high=0.1))


def two_body_orbit(r, v, mu=1.0, dt=0.05, steps=10):
    # velocity Verlet
    a = -mu * r / np.linalg.norm(r) ** 3
    energies = []
    for _ in range(steps):
        r = r + v * dt + 0.5 * a * dt**2
        new = -mu * r / np.linalg.norm(r) ** 3
        v = v + 0.5 * (a + new) * dt
        a = new
        energies.append(0.5 * np.dot(v, v) - mu / np.linalg.norm(r))
    return r, v, np.array(energies)


case(two_body_orbit, positive(3), floats(3))


def kepler(M, e):
    """Solve Kepler's equation, and give the true anomaly."""
    E = M if e < 0.8 else math.pi
    for _ in range(50):
        f = E - e * math.sin(E) - M
        E -= f / (1 - e * math.cos(E))
        if abs(f) < 1e-12:
            break
    nu = 2 * math.atan2(math.sqrt(1 + e) * math.sin(E / 2), math.sqrt(1 - e) * math.cos(E / 2))
    return E, nu


case(kepler, floats(low=0, high=3), floats(low=0, high=0.9))


def pid(setpoint, measured, kp=1.0, ki=0.1, kd=0.05, dt=0.1):
    integral, previous = 0.0, None
    outputs = np.zeros(len(measured))
    for k, y in enumerate(measured):
        error = setpoint - y
        integral += error * dt
        derivative = 0.0 if previous is None else (error - previous) / dt
        previous = error
        u = kp * error + ki * integral + kd * derivative
        outputs[k] = max(-2.0, min(2.0, u))
    return outputs


case(pid, floats(), floats(8))


def hodgkin_gate(v, n, dt=0.05):
    for _ in range(10):
        if abs(v + 55) < 1e-7:
            alpha = 0.1
        else:
            alpha = 0.01 * (v + 55) / (1 - math.exp(-(v + 55) / 10))
        beta = 0.125 * math.exp(-(v + 65) / 80)
        n += dt * (alpha * (1 - n) - beta * n)
    return n


case(hodgkin_gate, each([-55.0, -65.0, -20.0]), floats(low=0, high=1))


# --- earth and sky ---


def haversine(lat1, lon1, lat2, lon2, radius=6371.0):
    p1, p2 = math.radians(lat1), math.radians(lat2)
    dp, dl = p2 - p1, math.radians(lon2 - lon1)
    a = math.sin(dp / 2) ** 2 + math.cos(p1) * math.cos(p2) * math.sin(dl / 2) ** 2
    return 2 * radius * math.asin(math.sqrt(a))


case(haversine, floats(low=-80, high=80), floats(low=-180, high=180), const(48.2), const(16.4))


def initial_bearing(p, q):
    lat1, lon1 = np.radians(p)
    lat2, lon2 = np.radians(q)
    y = np.sin(lon2 - lon1) * np.cos(lat2)
    x = np.cos(lat1) * np.sin(lat2) - np.sin(lat1) * np.cos(lat2) * np.cos(lon2 - lon1)
    return (np.degrees(np.arctan2(y, x)) + 360) % 360


case(initial_bearing, floats(2, low=-80, high=80), floats(2, low=-80, high=80))


def airmass(zenith_deg):
    # Kasten and Young
    if zenith_deg > 90:
        return math.nan
    z = math.radians(zenith_deg)
    return 1 / (math.cos(z) + 0.50572 * (96.07995 - zenith_deg) ** -1.6364)


case(airmass, floats(low=0, high=120))


def dew_point(temperature, humidity):
    a, b = (17.625, 243.04) if temperature >= 0 else (22.587, 273.86)
    gamma = math.log(humidity / 100) + a * temperature / (b + temperature)
    return b * gamma / (a - gamma)


case(dew_point, floats(low=-20, high=35), floats(low=10, high=100))


def heat_index(t, rh):
    simple = 0.5 * (t + 61.0 + (t - 68.0) * 1.2 + rh * 0.094)
    if simple < 80:
        return simple
    hi = -42.379 + 2.04901523 * t + 10.14333127 * rh - 0.22475541 * t * rh
    hi += -6.83783e-3 * t**2 - 5.481717e-2 * rh**2 + 1.22874e-3 * t**2 * rh
    if rh < 13 and 80 <= t <= 112:
        hi -= (13 - rh) / 4 * math.sqrt((17 - abs(t - 95)) / 17)
    elif rh > 85 and t <= 87:
        hi += (rh - 85) / 10 * (87 - t) / 5
    return hi


case(heat_index, each([70.0, 100.0, 86.0, 95.0]), each([50.0, 8.0, 95.0]))


def julian_day(year, month, day):
    if month <= 2:
        year -= 1
        month += 12
    a = year // 100
    b = 2 - a + a // 4
    return int(365.25 * (year + 4716)) + int(30.6001 * (month + 1)) + day + b - 1524.5


case(julian_day, ints(low=1900, high=2100), ints(low=1, high=13), ints(low=1, high=29))


def zeller(day, month, year):
    if month < 3:
        month += 12
        year -= 1
    k, j = year % 100, year // 100
    return (day + 13 * (month + 1) // 5 + k + k // 4 + j // 4 + 5 * j) % 7


case(zeller, ints(low=1, high=29), ints(low=1, high=13), ints(low=1800, high=2100))


def easter(year):
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return month, day + 1


case(easter, ints(low=1900, high=2100))


# --- geometry ---


def quaternion_product(p, q):
    a1, b1, c1, d1 = p
    a2, b2, c2, d2 = q
    return np.array(
        [
            a1 * a2 - b1 * b2 - c1 * c2 - d1 * d2,
            a1 * b2 + b1 * a2 + c1 * d2 - d1 * c2,
            a1 * c2 - b1 * d2 + c1 * a2 + d1 * b2,
            a1 * d2 + b1 * c2 - c1 * b2 + d1 * a2,
        ]
    )


def rotate_by_quaternion(q, v):
    q = q / np.linalg.norm(q)
    p = np.concatenate(([0.0], v))
    conjugate = q * np.array([1, -1, -1, -1])
    return quaternion_product(quaternion_product(q, p), conjugate)[1:]


case(rotate_by_quaternion, floats(4), floats(3))
case(rotate_by_quaternion, floats(4), floats(3, axis=None), name="rotate_by_quaternion_shared_vector")


def rotation_zyx(yaw, pitch, roll):
    cy, sy = math.cos(yaw), math.sin(yaw)
    cp, sp = math.cos(pitch), math.sin(pitch)
    cr, sr = math.cos(roll), math.sin(roll)
    Rz = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    Ry = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    Rx = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    return Rz @ Ry @ Rx


case(rotation_zyx, floats(), floats(), floats())
case(rotation_zyx, floats(), const(0.3), floats(), name="rotation_zyx_shared_pitch")


def rodrigues(axis, angle):
    norm = np.linalg.norm(axis)
    if norm < 1e-12:
        return np.eye(3)
    x, y, z = axis / norm
    K = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + math.sin(angle) * K + (1 - math.cos(angle)) * (K @ K)


case(rodrigues, each(np.array([[0.0, 0.0, 0.0], [1.0, 2.0, -1.0], [0.0, 0.0, 3.0]])), floats())


def ray_triangle(origin, direction, v0, v1, v2):
    edge1 = v1 - v0
    edge2 = v2 - v0
    h = np.cross(direction, edge2)
    a = np.dot(edge1, h)
    if abs(a) < 1e-9:
        return -1.0
    f = 1.0 / a
    s = origin - v0
    u = f * np.dot(s, h)
    if u < 0.0 or u > 1.0:
        return -1.0
    q = np.cross(s, edge1)
    v = f * np.dot(direction, q)
    if v < 0.0 or u + v > 1.0:
        return -1.0
    t = f * np.dot(edge2, q)
    return t if t > 1e-9 else -1.0


_TRIANGLE = (const(np.array([-2.0, -2, 1])), const(np.array([3.0, -1, 1])), const(np.array([0.0, 3, 1.5])))
case(ray_triangle, floats(3, low=-0.5, high=0.5), floats(3, low=0.2, high=1.5), *_TRIANGLE)
case(ray_triangle, floats(3), floats(3), floats(3), floats(3), floats(3), name="ray_triangle_all_batched")
case(
    ray_triangle,
    const(np.zeros(3)),
    each(np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.1, 0.2, 1.0], [1.0, 1.0, 0.0]])),
    const(np.array([-2.0, -2, 1])),
    const(np.array([3.0, -1, 1])),
    const(np.array([0.0, 3, 1])),
    name="ray_triangle_parallel",
)


def barycentric(p, a, b, c):
    d = (b[1] - c[1]) * (a[0] - c[0]) + (c[0] - b[0]) * (a[1] - c[1])
    u = ((b[1] - c[1]) * (p[0] - c[0]) + (c[0] - b[0]) * (p[1] - c[1])) / d
    v = ((c[1] - a[1]) * (p[0] - c[0]) + (a[0] - c[0]) * (p[1] - c[1])) / d
    w = 1 - u - v
    return np.array([u, v, w]), u >= 0 and v >= 0 and w >= 0


case(barycentric, floats(2), const(np.array([0.0, 0.0])), const(np.array([2.0, 0.0])), const(np.array([0.0, 2.0])))


def point_segment_distance(p, a, b):
    ab = b - a
    t = np.dot(p - a, ab) / np.dot(ab, ab)
    t = max(0.0, min(1.0, t))
    return np.linalg.norm(p - (a + t * ab))


case(point_segment_distance, floats(2), floats(2), floats(2))


def point_in_polygon(x, y, polygon):
    inside = False
    n = len(polygon)
    j = n - 1
    for i in range(n):
        xi, yi = polygon[i]
        xj, yj = polygon[j]
        if (yi > y) != (yj > y) and x < (xj - xi) * (y - yi) / (yj - yi) + xi:
            inside = not inside
        j = i
    return inside


case(point_in_polygon, floats(), floats(), floats(6, 2, axis=None))
case(point_in_polygon, floats(), floats(), floats(5, 2), name="point_in_polygon_batched")


def box_iou(a, b):
    ax1, ay1, aw, ah = a
    bx1, by1, bw, bh = b
    w = min(ax1 + aw, bx1 + bw) - max(ax1, bx1)
    h = min(ay1 + ah, by1 + bh) - max(ay1, by1)
    if w <= 0 or h <= 0:
        return 0.0
    overlap = w * h
    return overlap / (aw * ah + bw * bh - overlap)


case(box_iou, positive(4), positive(4))


def non_maximum_suppression(boxes, scores, threshold):
    order = np.argsort(-scores)
    keep = np.ones(len(boxes), dtype=bool)
    for i in range(len(order)):
        a = order[i]
        if not keep[a]:
            continue
        for b in order[i + 1 :]:
            if keep[b] and box_iou(boxes[a], boxes[b]) > threshold:
                keep[b] = False
    return keep


case(non_maximum_suppression, positive(5, 4), distinct(5), const(0.3))


def convex_hull_area(points):
    # gift wrapping; the area by the shoelace formula on the way
    n = len(points)
    start = 0
    for i in range(1, n):
        if points[i, 0] < points[start, 0]:
            start = i
    area, p = 0.0, start
    for _ in range(n):
        q = (p + 1) % n
        for r in range(n):
            u, v = points[q] - points[p], points[r] - points[p]
            if u[0] * v[1] - u[1] * v[0] < 0:
                q = r
        area += points[p, 0] * points[q, 1] - points[q, 0] * points[p, 1]
        p = q
        if p == start:
            break
    return abs(area) / 2


case(convex_hull_area, floats(6, 2))


# --- learning ---


def relu(x):
    return np.maximum(x, 0)


def mlp(x, params):
    h = relu(params["W1"] @ x + params["b1"])
    out = params["W2"] @ h + params["b2"]
    return out - np.log(np.sum(np.exp(out)))


_MLP = {"W1": (5, 4), "b1": (5,), "W2": (3, 5), "b2": (3,)}
case(mlp, floats(4), tree({k: floats(*d, axis=None) for k, d in _MLP.items()}, axis=None))
case(mlp, floats(4), tree({k: floats(*d) for k, d in _MLP.items()}), name="mlp_batched_params")


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def attention(x, Wq, Wk, Wv, causal=True):
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    scores = q @ k.T / np.sqrt(q.shape[-1])
    if causal:
        scores = np.where(np.tri(len(x), dtype=bool), scores, -1e9)
    return softmax(scores) @ v


_W = floats(4, 3, axis=None)
case(attention, floats(5, 4), _W, _W, _W)


def multi_head(x, W, heads):
    n, d = x.shape
    qkv = (x @ W).reshape(n, 3, heads, d // heads).transpose(1, 2, 0, 3)
    q, k, v = qkv
    a = softmax(q @ np.swapaxes(k, -1, -2) / math.sqrt(d // heads))
    return (a @ v).transpose(1, 0, 2).reshape(n, d)


case(multi_head, floats(5, 4), floats(4, 12, axis=None), const(2))
case(multi_head, floats(5, 4), floats(4, 12), const(2), name="multi_head_batched_weights")


def layer_norm(x, gain, bias, eps=1e-5):
    mu = x.mean(axis=-1, keepdims=True)
    var = ((x - mu) ** 2).mean(axis=-1, keepdims=True)
    return gain * (x - mu) / np.sqrt(var + eps) + bias


case(layer_norm, floats(3, 6), floats(6, axis=None), floats(6, axis=None))
case(layer_norm, floats(6, dtype=np.float32), const(np.float32(1.5)), const(0), name="layer_norm_float32")


def cross_entropy(logits, label):
    z = logits - np.max(logits)
    return np.log(np.sum(np.exp(z))) - z[label]


case(cross_entropy, floats(6), ints(high=6))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gru_cell(x, h, Wx, Wh, b):
    gates = Wx @ x + b
    z_x, r_x, n_x = np.split(gates, 3)
    z_h, r_h, n_h = np.split(Wh @ h, 3)
    z = sigmoid(z_x + z_h)
    r = sigmoid(r_x + r_h)
    n = np.tanh(n_x + r * n_h)
    return (1 - z) * n + z * h


case(gru_cell, floats(3), floats(4), floats(12, 3, axis=None), floats(12, 4, axis=None), floats(12, axis=None))


def lstm(xs, W, U, b):
    n = len(b) // 4
    h, c = np.zeros(n), np.zeros(n)
    hs = []
    for x in xs:
        g = W @ x + U @ h + b
        i, f, o = sigmoid(g[:n]), sigmoid(g[n : 2 * n]), sigmoid(g[2 * n : 3 * n])
        c = f * c + i * np.tanh(g[3 * n :])
        h = o * np.tanh(c)
        hs.append(h)
    return np.stack(hs), (h, c)


case(lstm, floats(5, 3), floats(8, 3, axis=None), floats(8, 2, axis=None), floats(8, axis=None))


def kmeans_assign(points, centers):
    labels = np.zeros(len(points), dtype=int)
    for i in range(len(points)):
        best = np.inf
        for k in range(len(centers)):
            d = np.sum((points[i] - centers[k]) ** 2)
            if d < best:
                best = d
                labels[i] = k
    new = np.zeros_like(centers)
    for k in range(len(centers)):
        members = labels == k
        if members.any():
            new[k] = points[members].mean(axis=0)
        else:
            new[k] = centers[k]
    return labels, new


case(kmeans_assign, floats(6, 2), floats(3, 2))
case(kmeans_assign, floats(6, 2), floats(3, 2, axis=None), name="kmeans_assign_shared_centers")


def pca(X):
    Xc = X - X.mean(axis=0)
    C = Xc.T @ Xc / (len(X) - 1)
    w, V = np.linalg.eigh(C)
    order = np.argsort(w)[::-1]
    explained = w[order] / w.sum()
    return explained, np.abs(Xc @ V[:, order[:2]])


case(pca, floats(7, 3))


def nearest_neighbours(x, X, y, k=3):
    d = np.sqrt(((X - x) ** 2).sum(axis=1))
    votes = np.zeros(3)
    for i in np.argsort(d)[:k]:
        votes[y[i]] += 1 / (d[i] + 1e-9)
    return np.argmax(votes)


case(nearest_neighbours, floats(2), floats(8, 2, axis=None), ints(8, high=3, axis=None))


def perceptron(X, y, epochs=3):
    w = np.zeros(X.shape[1])
    mistakes = 0
    for _ in range(epochs):
        for xi, yi in zip(X, y):
            if yi * (w @ xi) <= 0:
                w += yi * xi
                mistakes += 1
    return w, mistakes


case(perceptron, floats(6, 3), const(np.array([1, -1, 1, 1, -1, -1])))


def adam(theta, steps=6, lr=0.1, b1=0.9, b2=0.999):
    m = np.zeros_like(theta)
    v = np.zeros_like(theta)
    for t in range(1, steps + 1):
        g = 2 * (theta - 1) + np.sin(theta)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        theta = theta - lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + 1e-8)
    return theta


case(adam, floats(4))


def decision_tree(x, feature, threshold, left, right, value):
    node = 0
    while left[node] >= 0:
        node = left[node] if x[feature[node]] <= threshold[node] else right[node]
    return value[node]


case(
    decision_tree,
    floats(3),
    const(np.array([0, 2, 1, 0, 0, 0, 0])),
    const(np.array([0.1, -0.5, 0.6, 0.0, 0.0, 0.0, 0.0])),
    const(np.array([1, 3, 5, -1, -1, -1, -1])),
    const(np.array([2, 4, 6, -1, -1, -1, -1])),
    const(np.array([0.0, 0.0, 0.0, 1.5, -2.0, 3.0, 0.25])),
)


# --- probability ---


def gaussian_logpdf(x, mu, Sigma):
    d = len(mu)
    L = np.linalg.cholesky(Sigma)
    z = np.linalg.solve(L, x - mu)
    return -0.5 * (d * np.log(2 * np.pi) + z @ z) - np.log(np.diag(L)).sum()


case(gaussian_logpdf, floats(3), floats(3), spd(3))
case(gaussian_logpdf, floats(3), floats(3, axis=None), spd(3, axis=None), name="gaussian_logpdf_shared")


def mahalanobis(x, mu, Sigma):
    delta = x - mu
    return np.sqrt(delta @ np.linalg.inv(Sigma) @ delta)


case(mahalanobis, floats(3), floats(3), spd(3))
case(mahalanobis, floats(3), floats(3, axis=None), spd(3, axis=None), name="mahalanobis_shared")


def mixture_responsibilities(x, weights, means, sds):
    logs = np.zeros(len(weights))
    for k in range(len(weights)):
        logs[k] = math.log(weights[k]) - math.log(sds[k]) - 0.5 * ((x - means[k]) / sds[k]) ** 2
    top = logs.max()
    total = top + math.log(np.exp(logs - top).sum())
    return np.exp(logs - total), total


case(mixture_responsibilities, floats(), positive(3, axis=None), floats(3, axis=None), positive(3, axis=None))
case(mixture_responsibilities, floats(), positive(3), floats(3), positive(3), name="mixture_responsibilities_batched")


def metropolis(x, proposals, uniforms):
    accepted = 0
    chain = np.empty(len(proposals))
    for t in range(len(proposals)):
        y = x + proposals[t]
        ratio = math.exp(min(0.0, 0.5 * (x * x - y * y)))
        if uniforms[t] < ratio:
            x = y
            accepted += 1
        chain[t] = x
    return chain, accepted


case(metropolis, floats(), floats(8), floats(8, low=0, high=1))


def hmm_forward(observations, start, transition, emission):
    alpha = start * emission[:, observations[0]]
    loglik = 0.0
    for o in observations[1:]:
        scale = alpha.sum()
        loglik += np.log(scale)
        alpha = (alpha / scale) @ transition * emission[:, o]
    return loglik + np.log(alpha.sum())


_HMM = (positive(3, axis=None), positive(3, 3, axis=None), positive(3, 4, axis=None))
case(hmm_forward, ints(6, high=4), *_HMM)
case(hmm_forward, ints(6, high=4), positive(3), positive(3, 3), positive(3, 4), name="hmm_forward_batched_model")


def viterbi(observations, start, transition, emission):
    n, T = len(start), len(observations)
    score = np.log(start) + np.log(emission[:, observations[0]])
    back = np.zeros((T, n), dtype=int)
    for t in range(1, T):
        new = np.zeros(n)
        for j in range(n):
            candidates = score + np.log(transition[:, j])
            back[t, j] = np.argmax(candidates)
            new[j] = candidates[back[t, j]] + np.log(emission[j, observations[t]])
        score = new
    path = np.zeros(T, dtype=int)
    path[-1] = np.argmax(score)
    for t in range(T - 1, 0, -1):
        path[t - 1] = back[t, path[t]]
    return path, score.max()


case(viterbi, ints(5, high=4), *_HMM)


def beta_cdf_series(x, a, b):
    # power series of the incomplete beta function
    term = 1 / a
    total = term
    for k in range(1, 200):
        term *= (k - b) * x / k
        add = term / (a + k) * 1.0
        total += add
        if abs(add) < 1e-12:
            break
    return total * x**a


case(beta_cdf_series, floats(low=0.05, high=0.9), positive(), positive())


def regularized_gamma(a, x):
    if x <= 0:
        return 0.0
    if x < a + 1:
        term = total = 1 / a
        n = a
        while abs(term) > abs(total) * 1e-12:
            n += 1
            term *= x / n
            total += term
        return total * math.exp(-x + a * math.log(x) - math.lgamma(a))
    b = x + 1 - a
    c = 1e300
    d = 1 / b
    h = d
    for i in range(1, 100):
        an = -i * (i - a)
        b += 2
        d = 1 / (an * d + b)
        c = b + an / c
        delta = d * c
        h *= delta
        if abs(delta - 1) < 1e-12:
            break
    return 1 - math.exp(-x + a * math.log(x) - math.lgamma(a)) * h


case(regularized_gamma, positive(), each([0.0, 0.5, 6.0, 2.0]))


# --- signals ---


def savitzky_golay(y):
    coefficients = np.array([-3.0, 12.0, 17.0, 12.0, -3.0]) / 35
    out = y.copy()
    for i in range(2, len(y) - 2):
        out[i] = coefficients @ y[i - 2 : i + 3]
    return out


case(savitzky_golay, floats(9))


def welch(x, width=8, step=4):
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(width) / width)
    segments = []
    for start in range(0, len(x) - width + 1, step):
        piece = x[start : start + width]
        segments.append(np.abs(np.fft.rfft((piece - piece.mean()) * window)) ** 2)
    return np.mean(segments, axis=0) / np.sum(window**2)


case(welch, floats(20))


def autocorrelation(x, lags=4):
    x = x - x.mean()
    c0 = np.dot(x, x)
    return np.array([np.dot(x[: len(x) - k], x[k:]) / c0 for k in range(lags)])


case(autocorrelation, floats(9))


def fir_lowpass(x, cutoff, taps=5):
    n = np.arange(taps) - (taps - 1) / 2
    h = np.sinc(2 * cutoff * n) * np.hamming(taps)
    h /= h.sum()
    return np.convolve(x, h, mode="valid")


case(fir_lowpass, floats(10), floats(low=0.05, high=0.4))
case(fir_lowpass, floats(10), const(0.2), name="fir_lowpass_shared_cutoff")


def peak_frequency(x, rate):
    power = np.abs(np.fft.rfft(x - np.mean(x))) ** 2
    k = int(np.argmax(power[1:])) + 1
    if 1 < k < len(power) - 1:
        left, center, right = power[k - 1], power[k], power[k + 1]
        shift = 0.5 * (left - right) / (left - 2 * center + right)
    else:
        shift = 0.0
    return (k + shift) * rate / len(x)


case(peak_frequency, floats(16), const(100.0))


def haar(x):
    out = x.copy()
    n = len(x)
    while n > 1:
        half = n // 2
        a = (out[0:n:2] + out[1:n:2]) / math.sqrt(2)
        d = (out[0:n:2] - out[1:n:2]) / math.sqrt(2)
        out[:half], out[half:n] = a, d
        n = half
    return out


case(haar, floats(8))


# --- linear algebra ---


def least_squares(A, b):
    x = np.linalg.solve(A.T @ A, A.T @ b)
    residual = b - A @ x
    return x, 1 - residual @ residual / np.sum((b - b.mean()) ** 2)


case(least_squares, floats(7, 3), floats(7))
case(least_squares, floats(7, 3, axis=None), floats(7), name="least_squares_shared_design")


def polynomial_fit(x, y, degree=2):
    V = np.vander(x, degree + 1, increasing=True)
    Q, R = np.linalg.qr(V)
    return np.linalg.solve(R, Q.T @ y)


case(polynomial_fit, increasing(7), floats(7))
case(polynomial_fit, increasing(7, axis=None), floats(7), name="polynomial_fit_shared_x")


def gram_schmidt(A):
    Q = np.zeros_like(A)
    for j in range(A.shape[1]):
        v = A[:, j].copy()
        for i in range(j):
            v -= (Q[:, i] @ A[:, j]) * Q[:, i]
        Q[:, j] = v / np.linalg.norm(v)
    return Q


case(gram_schmidt, floats(4, 3))


def power_iteration(A, tol=1e-6):
    v = np.ones(len(A)) / np.sqrt(len(A))
    value = 0.0
    for k in range(60):
        w = A @ v
        new = v @ w
        v = w / np.linalg.norm(w)
        if abs(new - value) < tol:
            return new, v, k
        value = new
    return value, v, 60


case(power_iteration, spd(4))


def conjugate_gradient(A, b, tol=1e-10):
    x = np.zeros_like(b)
    r = b - A @ x
    p = r
    rs = r @ r
    for _ in range(len(b) * 2):
        if np.sqrt(rs) < tol:
            break
        Ap = A @ p
        alpha = rs / (p @ Ap)
        x = x + alpha * p
        r = r - alpha * Ap
        new = r @ r
        p = r + new / rs * p
        rs = new
    return x


case(conjugate_gradient, spd(4), floats(4))
case(conjugate_gradient, spd(4, axis=None), floats(4), name="conjugate_gradient_shared_matrix")


def jacobi_iteration(A, b, sweeps=8):
    D = np.diag(A)
    R = A - np.diagflat(D)
    x = np.zeros(len(b))
    for _ in range(sweeps):
        x = (b - R @ x) / D
    return x


case(jacobi_iteration, spd(4), floats(4))


def lu_pivot(A):
    A = A.copy()
    n = len(A)
    perm = np.arange(n)
    sign = 1
    for k in range(n - 1):
        p = k + np.argmax(np.abs(A[k:, k]))
        if p != k:
            A[[k, p]] = A[[p, k]]
            perm[[k, p]] = perm[[p, k]]
            sign = -sign
        for i in range(k + 1, n):
            A[i, k] /= A[k, k]
            A[i, k + 1 :] -= A[i, k] * A[k, k + 1 :]
    return A, perm, sign * np.prod(np.diag(A))


case(lu_pivot, floats(4, 4))


def thomas(a, b, c, d):
    n = len(d)
    cp, dp = np.zeros(n), np.zeros(n)
    cp[0] = c[0] / b[0]
    dp[0] = d[0] / b[0]
    for i in range(1, n):
        m = b[i] - a[i] * cp[i - 1]
        cp[i] = c[i] / m
        dp[i] = (d[i] - a[i] * dp[i - 1]) / m
    x = np.zeros(n)
    x[-1] = dp[-1]
    for i in range(n - 2, -1, -1):
        x[i] = dp[i] - cp[i] * x[i + 1]
    return x


case(thomas, floats(6), positive(6, low=5, high=8), floats(6), floats(6))
case(
    thomas,
    floats(6, axis=None),
    positive(6, low=5, high=8, axis=None),
    floats(6, axis=None),
    floats(6),
    name="thomas_shared_matrix",
)


def newton_system(x, target):
    for _ in range(20):
        f = np.array([x[0] + 0.3 * np.sin(x[1]), x[1] + 0.3 * np.cos(x[0])]) - target
        J = np.array([[1.0, 0.3 * np.cos(x[1])], [-0.3 * np.sin(x[0]), 1.0]])
        step = np.linalg.solve(J, f)
        x = x - step
        if np.max(np.abs(step)) < 1e-10:
            break
    return x


case(newton_system, floats(2), floats(2))


def jacobi_eigenvalues(A, sweeps=4):
    A = A.copy()
    n = A.shape[0]
    for _ in range(sweeps):
        for p in range(n):
            for q in range(p + 1, n):
                if abs(A[p, q]) < 1e-12:
                    continue
                theta = 0.5 * math.atan2(2 * A[p, q], A[q, q] - A[p, p])
                c, s = math.cos(theta), math.sin(theta)
                G = np.eye(n)
                G[p, p] = G[q, q] = c
                G[p, q], G[q, p] = s, -s
                A = G.T @ A @ G
    return np.sort(np.diag(A))


case(jacobi_eigenvalues, spd(3))


def spline_moments(x, y):
    n = len(x)
    A = np.zeros((n, n))
    rhs = np.zeros(n)
    A[0, 0] = A[-1, -1] = 1.0
    for i in range(1, n - 1):
        h0, h1 = x[i] - x[i - 1], x[i + 1] - x[i]
        A[i, i - 1], A[i, i], A[i, i + 1] = h0, 2 * (h0 + h1), h1
        rhs[i] = 6 * ((y[i + 1] - y[i]) / h1 - (y[i] - y[i - 1]) / h0)
    return np.linalg.solve(A, rhs)


case(spline_moments, increasing(6), floats(6))
case(spline_moments, increasing(6, axis=None), floats(6), name="spline_moments_shared_x")


def lagrange(xs, ys, x):
    total = 0.0
    for i in range(len(xs)):
        basis = 1.0
        for j in range(len(xs)):
            if i != j:
                basis *= (x - xs[j]) / (xs[i] - xs[j])
        total += ys[i] * basis
    return total


case(lagrange, increasing(5), floats(5), floats())
case(lagrange, increasing(5, axis=None), floats(5), floats(axis=None), name="lagrange_shared_points")


def richardson(x, levels=4):
    def derivative(h):
        return (math.exp(math.sin(x + h)) - math.exp(math.sin(x - h))) / (2 * h)

    D = np.zeros((levels, levels))
    for i in range(levels):
        D[i, 0] = derivative(0.5**i)
        for j in range(1, i + 1):
            D[i, j] = D[i, j - 1] + (D[i, j - 1] - D[i - 1, j - 1]) / (4**j - 1)
    return D[-1, -1]


case(richardson, floats())


# --- discrete ---


def edit_distance(a, b):
    m, n = len(a), len(b)
    D = np.zeros((m + 1, n + 1), dtype=int)
    D[:, 0] = np.arange(m + 1)
    D[0, :] = range(n + 1)
    for i in range(1, m + 1):
        for j in range(1, n + 1):
            cost = 0 if a[i - 1] == b[j - 1] else 1
            D[i, j] = min(D[i - 1, j] + 1, D[i, j - 1] + 1, D[i - 1, j - 1] + cost)
    return D[m, n]


case(edit_distance, ints(5, high=3), ints(6, high=3))
case(edit_distance, ints(5, high=3), ints(6, high=3, axis=None), name="edit_distance_shared_word")


def knapsack(values, weights, capacity):
    best = np.zeros(capacity + 1)
    for v, w in zip(values, weights):
        for c in range(capacity, w - 1, -1):
            best[c] = max(best[c], best[c - w] + v)
    return best[capacity]


case(knapsack, positive(5), ints(5, low=1, high=5, axis=None), const(9))
case(knapsack, positive(5), ints(5, low=1, high=5), const(9), name="knapsack_batched_weights")


def coin_change(amount, coins=(1, 3, 4)):
    fewest = [0] + [10**6] * 20
    for a in range(1, 21):
        for c in coins:
            if c <= a and fewest[a - c] + 1 < fewest[a]:
                fewest[a] = fewest[a - c] + 1
    return fewest[amount]


case(coin_change, ints(high=21))


def count_primes(limit):
    sieve = np.ones(50, dtype=bool)
    sieve[:2] = False
    for i in range(2, 8):
        if sieve[i]:
            sieve[i * i :: i] = False
    return sieve[:limit].sum()


case(count_primes, ints(high=50))


def luhn(digits):
    total = 0
    for i, d in enumerate(digits[::-1]):
        if i % 2 == 1:
            d = 2 * d
            if d > 9:
                d -= 9
        total += d
    return total % 10 == 0


case(luhn, ints(8, high=10))


def isbn10(digits):
    return sum((10 - i) * d for i, d in enumerate(digits)) % 11 == 0


case(isbn10, ints(10, high=10))


def crc8(data):
    crc = 0
    for byte in data:
        crc ^= int(byte)
        for _ in range(8):
            if crc & 0x80:
                crc = ((crc << 1) ^ 0x07) & 0xFF
            else:
                crc = (crc << 1) & 0xFF
    return crc


case(crc8, ints(4, high=256, dtype=np.uint8))


def dijkstra(weights, source):
    n = len(weights)
    dist = np.full(n, np.inf)
    dist[source] = 0.0
    done = np.zeros(n, dtype=bool)
    for _ in range(n):
        u, best = -1, np.inf
        for v in range(n):
            if not done[v] and dist[v] < best:
                u, best = v, dist[v]
        if u < 0:
            break
        done[u] = True
        for v in range(n):
            if weights[u, v] < 2.5 and dist[u] + weights[u, v] < dist[v]:
                dist[v] = dist[u] + weights[u, v]
    return dist


case(dijkstra, positive(5, 5, low=0.5, high=6), const(0))
case(dijkstra, positive(5, 5), ints(high=5), name="dijkstra_varying_source")


def eight_queens_conflicts(rows):
    conflicts = 0
    for i in range(len(rows)):
        for j in range(i + 1, len(rows)):
            if rows[i] == rows[j] or abs(rows[i] - rows[j]) == j - i:
                conflicts += 1
    return conflicts


case(eight_queens_conflicts, ints(8, high=8))


# --- images and colors ---


def rgb_to_hsv(rgb):
    r, g, b = rgb
    hi, lo = max(r, g, b), min(r, g, b)
    delta = hi - lo
    if delta == 0:
        h = 0.0
    elif hi == r:
        h = ((g - b) / delta) % 6
    elif hi == g:
        h = (b - r) / delta + 2
    else:
        h = (r - g) / delta + 4
    s = 0.0 if hi == 0 else delta / hi
    return np.array([h * 60, s, hi])


case(rgb_to_hsv, each(np.array([[0.0, 0, 0], [0.2, 0.4, 0.9], [1, 0.1, 0.1], [0.3, 0.8, 0.2], [0.5, 0.5, 0.5]])))


def srgb_gamma(c):
    if c <= 0.0031308:
        return 12.92 * c
    return 1.055 * c ** (1 / 2.4) - 0.055


case(srgb_gamma, each([0.0, 0.002, 0.5, 1.0]))


def srgb_image(img):
    linear = np.where(img <= 0.0031308, 12.92 * img, 1.055 * np.power(img, 1 / 2.4) - 0.055)
    return (255 * linear + 0.5).astype(np.uint8)


case(srgb_image, floats(3, 4, low=0, high=1))


def equalize(img):
    hist = np.zeros(16, dtype=int)
    for v in img.ravel():
        hist[v] += 1
    cdf = hist.cumsum()
    first = cdf[cdf > 0][0]
    table = np.round((cdf - first) / max(img.size - first, 1) * 15).astype(np.uint8)
    return table[img]


case(equalize, ints(4, 5, high=16, dtype=np.uint8))


def otsu(img):
    hist = np.bincount(img.ravel(), minlength=16)
    total = img.size
    sum_all = sum(i * hist[i] for i in range(16))
    weight, sum_b, best, threshold = 0, 0.0, -1.0, 0
    for t in range(16):
        weight += hist[t]
        if weight == 0:
            continue
        rest = total - weight
        if rest == 0:
            break
        sum_b += t * hist[t]
        between = weight * rest * (sum_b / weight - (sum_all - sum_b) / rest) ** 2
        if between > best:
            best, threshold = between, t
    return threshold, best


case(otsu, ints(4, 5, high=16))


def sobel(img):
    gx = np.zeros_like(img)
    gy = np.zeros_like(img)
    for i in range(1, img.shape[0] - 1):
        for j in range(1, img.shape[1] - 1):
            p = img[i - 1 : i + 2, j - 1 : j + 2]
            gx[i, j] = p[0, 2] + 2 * p[1, 2] + p[2, 2] - p[0, 0] - 2 * p[1, 0] - p[2, 0]
            gy[i, j] = p[2, 0] + 2 * p[2, 1] + p[2, 2] - p[0, 0] - 2 * p[0, 1] - p[0, 2]
    return np.hypot(gx, gy), np.arctan2(gy, gx)


case(sobel, floats(5, 5))


def resize_bilinear(img, h, w):
    H, W = img.shape
    out = np.zeros((h, w))
    for i in range(h):
        for j in range(w):
            y = i * (H - 1) / (h - 1)
            x = j * (W - 1) / (w - 1)
            y0, x0 = int(y), int(x)
            y1, x1 = min(y0 + 1, H - 1), min(x0 + 1, W - 1)
            dy, dx = y - y0, x - x0
            top = img[y0, x0] * (1 - dx) + img[y0, x1] * dx
            bottom = img[y1, x0] * (1 - dx) + img[y1, x1] * dx
            out[i, j] = top * (1 - dy) + bottom * dy
    return out


case(resize_bilinear, floats(4, 5), const(3), const(7))


def dither(img):
    # Floyd and Steinberg
    img = img.copy()
    h, w = img.shape
    for y in range(h):
        for x in range(w):
            old = img[y, x]
            new = 1.0 if old > 0.5 else 0.0
            img[y, x] = new
            error = old - new
            if x + 1 < w:
                img[y, x + 1] += error * 7 / 16
            if y + 1 < h:
                if x > 0:
                    img[y + 1, x - 1] += error * 3 / 16
                img[y + 1, x] += error * 5 / 16
                if x + 1 < w:
                    img[y + 1, x + 1] += error / 16
    return img


case(dither, floats(4, 5, low=0, high=1))


def flood_size(grid):
    # cells reached from the corner, by sweeps
    reached = np.zeros(grid.shape, dtype=bool)
    reached[0, 0] = grid[0, 0] == 0
    changed = True
    while changed:
        changed = False
        for i in range(grid.shape[0]):
            for j in range(grid.shape[1]):
                if reached[i, j] or grid[i, j]:
                    continue
                if (i > 0 and reached[i - 1, j]) or (j > 0 and reached[i, j - 1]):
                    reached[i, j] = True
                    changed = True
    return reached.sum()


case(flood_size, ints(4, 5, high=2))


def ssim(a, b):
    ma, mb = a.mean(), b.mean()
    va, vb = a.var(), b.var()
    cov = ((a - ma) * (b - mb)).mean()
    c1, c2 = 1e-4, 9e-4
    return (2 * ma * mb + c1) * (2 * cov + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))


case(ssim, floats(4, 4), floats(4, 4))
case(ssim, floats(4, 4), floats(4, 4, axis=None), name="ssim_shared_reference")
