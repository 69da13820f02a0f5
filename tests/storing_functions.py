"""Functions that keep arrays or lists of their own, or store into those of an example, number by number."""

from __future__ import annotations

from typing import Any

import numpy as np


def insertion_sort(x):
    out = x.copy()
    for i in range(1, len(out)):
        key = out[i]
        j = i - 1
        while j >= 0 and out[j] > key:
            out[j + 1] = out[j]
            j -= 1
        out[j + 1] = key
    return out


def bubble_in_place(x):
    n = len(x)
    for i in range(n):
        swapped = False
        for j in range(n - 1 - i):
            if x[j] > x[j + 1]:
                x[j], x[j + 1] = x[j + 1], x[j]
                swapped = True
        if not swapped:
            break
    return x


def clips_in_place(x, top):
    for k in range(len(x)):
        if x[k] < 0:
            return
        while x[k] > top:
            x[k] *= 0.5


def floyd(w):
    n = len(w)
    dist = w.copy()
    for k in range(n):
        for i in range(n):
            if dist[i, k] > 5:
                continue
            for j in range(n):
                if dist[i, k] + dist[k, j] < dist[i, j]:
                    dist[i][j] = dist[i, k] + dist[k, j]
            if dist[i, i] < 0:
                return dist, True
    return dist, False


def edit_distance(a, b, most):
    n, m = len(a), len(b)
    d = np.zeros((n + 1, m + 1), dtype=int)
    for j in range(m + 1):
        d[0, j] = j
    for i in range(1, n + 1):
        d[i, 0] = i
        best = i
        for j in range(1, m + 1):
            c = 0 if a[i - 1] == b[j - 1] else 1
            d[i, j] = min(d[i - 1, j] + 1, d[i, j - 1] + 1, d[i - 1, j - 1] + c)
            best = min(best, d[i, j])
        if best > most:
            return -1
    return d[n, m]


def dijkstra(w):
    n = len(w)
    dist = np.full(n, np.inf)
    done = np.zeros(n, dtype=bool)
    dist[0] = 0.0
    for _ in range(n):
        u = -1
        for v in range(n):
            if not done[v] and (u < 0 or dist[v] < dist[u]):
                u = v
        if u < 0 or dist[u] == np.inf:
            break
        done[u] = True
        for v in range(n):
            if dist[u] + w[u, v] < dist[v]:
                dist[v] = dist[u] + w[u, v]
    return dist


def first_repeat(x):
    seen = np.zeros(8, dtype=bool)
    for k in range(len(x)):
        if seen[x[k]]:
            return k
        seen[x[k]] = True
    return -1


def ways_to_pay(coins, n):
    ways = [0] * (n + 1)
    ways[0] = 1
    for c in coins:
        for k in range(n + 1):
            if k >= c:
                ways[k] += ways[k - c]
    return ways[n]


def longest_common(a, b):
    rows, columns = len(a), len(b)
    table = [[0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows):
        for j in range(columns):
            if a[i] == b[j]:
                table[i + 1][j + 1] = table[i][j] + 1
            else:
                table[i + 1][j + 1] = max(table[i][j + 1], table[i + 1][j])
    return table[rows][columns]


def two_rows(x, y):
    n = len(y)
    before, now = np.arange(n + 1), np.zeros(n + 1, int)
    for i in range(len(x)):
        now[0] = i + 1
        for j in range(n):
            if x[i] == y[j]:
                now[j + 1] = before[j]
            else:
                now[j + 1] = 1 + min(before[j], min(now[j], before[j + 1]))
        before, now = now, before
    return before[n]


def spikes(current, tau):
    v = 0.0
    times = np.full(len(current), -1)
    count = 0
    for t in range(len(current)):
        v = v + (current[t] - v) / tau
        if v > 0.5:
            times[count] = t
            count += 1
            v = 0.0
            if count == 3:
                break
    return times, count, v


def sieve(n, limit):
    composite = [False for _ in range(limit)]
    k = 2
    while k * k < n and k < limit:
        if not composite[k]:
            m = k * k
            while m < limit:
                composite[m] = True
                m += k
        k += 1
    count = 0
    for k in range(2, limit):
        if k < n and not composite[k]:
            count += 1
    return count


def small_state(x, steps):
    s = np.zeros(3)
    s[0] = x
    for _ in range(steps):
        s[1] += 0.1 * s[0]
        s[2] = s[1] - 0.5 * s[2]
        s[0] -= 0.2 * s[2]
        if s[0] < 0:
            break
    return s[0] + s[1] * s[2]


def rescaled(x, low):
    x = x.copy()
    total = 0.0
    for k in range(len(x)):
        while x[k] < low:
            x[k] += 1
            total += 1
    return x, total


def like(x, y):
    out = np.zeros_like(x)
    last = np.ones_like(y, dtype=np.float32)
    for k in range(len(x)):
        if x[k] > y[k % len(y)]:
            out[-1] = x[k]
            last[:] = 0.25
            continue
        out[k] = y[k % len(y)] - out[k - 1]
        last[k % len(y)] = out[k]
    return out, last


def own_at_each_step(x, n):
    best = -1
    for i in range(len(x)):
        counts = np.zeros(n, dtype=np.int64)
        for j in range(i, len(x)):
            if x[j] < 0 or counts[x[j] % n] > 0:
                break
            counts[x[j] % n] += 1
        total = 0
        for c in counts:
            total += c
        best = max(best, total)
    return best


def gauss_solve(a, b):
    a = a.copy()
    x = b.copy()
    n = len(b)
    for k in range(n):
        p = k
        for i in range(k + 1, n):
            if abs(a[i, k]) > abs(a[p, k]):
                p = i
        if a[p, k] == 0:
            return x
        for j in range(n):
            a[k, j], a[p, j] = a[p, j], a[k, j]
        x[k], x[p] = x[p], x[k]
        for i in range(k + 1, n):
            f = a[i, k] / a[k, k]
            for j in range(k, n):
                a[i, j] -= f * a[k, j]
            x[i] -= f * x[k]
    for k in range(n - 1, -1, -1):
        for j in range(k + 1, n):
            x[k] -= a[k, j] * x[j]
        x[k] /= a[k, k]
    return x


rng = np.random.default_rng(1)
ROWS = rng.normal(size=(6, 7))
WEIGHTS = rng.uniform(-0.5, 8, size=(4, 5, 5))
WORDS = rng.integers(0, 3, (5, 6)), rng.integers(0, 3, (5, 4))

# Functions with their arguments and `in_axes`; each is one kernel.
CASES: dict[str, tuple[Any, tuple[Any, ...], Any]] = {
    "insertion sort": (insertion_sort, (ROWS,), 0),
    "insertion sort of float32": (insertion_sort, (ROWS.astype(np.float32),), 0),
    "insertion sort of columns": (insertion_sort, (ROWS,), 1),
    "bubble sort in place": (bubble_in_place, (ROWS,), 0),
    "bubble sort in place, of columns": (bubble_in_place, (ROWS,), 1),
    "only stores": (clips_in_place, (ROWS + 0.9, 0.3), (0, None)),
    "floyd": (floyd, (WEIGHTS,), 0),
    "edit distance": (edit_distance, (*WORDS, 3), (0, 0, None)),
    "edit distance to one": (edit_distance, (WORDS[0], WORDS[1][0], 2), (0, None, None)),
    "dijkstra": (dijkstra, (np.abs(WEIGHTS),), 0),
    "first repeat": (first_repeat, (rng.integers(0, 8, (6, 5)),), 0),
    "ways to pay": (ways_to_pay, (rng.integers(1, 4, (4, 3)), 9), (0, None)),
    "longest common": (longest_common, WORDS, 0),
    "two rows": (two_rows, WORDS, 0),
    "spikes": (spikes, (np.abs(ROWS) * 3, 4.0), (0, None)),
    "sieve": (sieve, (np.arange(3, 40, 4), 40), (0, None)),
    "small state": (small_state, (rng.normal(size=5) + 1, 9), (0, None)),
    "own copy": (rescaled, (ROWS, 0.2), (0, None)),
    "like others": (like, (ROWS, ROWS[:, :4] + 0.5), 0),
    "own at each step": (own_at_each_step, (rng.integers(-1, 9, (5, 8)), 5), (0, None)),
    "gauss": (gauss_solve, (WEIGHTS, ROWS[:4, :5]), 0),
}
