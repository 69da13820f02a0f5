"""Functions that were once rewritten wrongly, by theme; `test_regressions.py` says what each parameter is."""
# ruff: noqa: B006, B007, B018, C416, FURB136 - written as users write

import math

import numpy as np

THEMES: dict[str, list] = {}
TABLE_OF_SIGNS = np.array([1.0, -2.0, 3.0])


def theme(name):
    """Files a function under a theme."""

    def add(function):
        THEMES.setdefault(name, []).append(function)
        return function

    return add


# --- conditions inside conditions, and stores under them ---


@theme("nested conditions")
def inner_condition_stores(x, y, s, t, n):
    if t > 0:
        if s < y[1]:
            y[n] = x[1]
    return y


@theme("nested conditions")
def inner_else_stores(y, s, t, n):
    if s > 0:
        if t > 0:
            s = t
        else:
            y[n] = 3.0
    return s, y


@theme("nested conditions")
def stores_in_three_levels(x, s, t, c):
    if s > 0:
        x[0] = s
        if c:
            x[1] += x[0]
        elif t > 0:
            x[2] = x[1]
            if x[2] > x[0]:
                x[3] = 9.0
    else:
        x[3] = t
    return x


@theme("nested conditions")
def inner_loop_stores(x, s, t):
    if x[2] <= t:
        if s >= t:
            for i in [0, 2, 1, 2]:
                x[i] = 3.0 + i
    return x


@theme("nested conditions")
def elif_of_what_the_if_stored_into(y, n):
    if y[2] > 0:
        y[2] = -1.0
    elif n == 2:
        y[n] = 0.5
    return y


@theme("nested conditions")
def else_of_what_the_if_stored_into(y, n):
    if y[2] > 0:
        y[2] = -1.0
    else:
        y[n] = 0.5
    return y


@theme("nested conditions")
def condition_changed_by_its_branch(s, t):
    if s > 0:
        s = -1.0
        t = t + s
    else:
        t = s
    return s, t


@theme("nested conditions")
def elif_alone_rebinds(s, t, c):
    z = t
    if c:
        z = t + 1
    elif t > 0:
        s = t * 2
    return s, z


@theme("nested conditions")
def inner_if_alone_rebinds(x, y, c, n):
    if c:
        if y[n] > 0:
            y = x
    elif n:
        x = x + 1
    return x, y


@theme("nested conditions")
def rebinds_after_continue(s, p, n):
    for i in range(n, 4):
        if s > 1:
            continue
        if p[i] > 1:
            s = s + 0.5
    return s


@theme("nested conditions")
def elif_alone_changes_a_variable(x, y, s, t):
    if s >= -1.0:
        for i in range(2):
            s += y[i]
            y = x
    elif any(v > t for v in y):
        s = s + t
    return s, y


def add_at(a, i, v):
    a[i] += v
    return a[i]


@theme("operands that are skipped")
def right_of_and_stores(x, s):
    found = s > 0 and add_at(x, 0, s) > 1
    return found, x


@theme("operands that are skipped")
def right_of_or_stores(x, s, n):
    if s > 0 or add_at(x, n, 1.0) > 0:
        s = x[0]
    return s, x


@theme("operands that are skipped")
def branch_of_a_conditional_expression_stores(x, s):
    r = add_at(x, 0, 1.0) if s > 0 else add_at(x, 1, 2.0)
    return r, x


@theme("operands that are skipped")
def third_of_a_chained_comparison_stores(x, s, n):
    if s < n <= add_at(x, n, s):
        s = 0.0
    return s, x


@theme("operands that are skipped")
def integer_as_a_condition(x, y, n):
    if x[0] < y[0] or n:
        x[1] = y[1]
    return x


@theme("operands that are skipped")
def integer_before_and(x, n):
    r = 0.0
    if n and x[0] > 0:
        r = x[1]
    return r


@theme("operands that are skipped")
def loop_condition_reads_after_a_uniform_test(x, t):
    i = 0
    while i < 4 and x[i] != t:
        i += 1
    return i


@theme("operands that are skipped")
def loop_condition_reads_at_a_varying_index(x, t, n):
    k = 0
    while k < 3 and x[(n + k) % 4] > t:
        k += 1
    return k


@theme("operands that are skipped")
def loop_condition_counts_down(y, s):
    k = 3
    while k and y.min() < s:
        k -= 1
        s = s - 1
    return k, s


@theme("operands that are skipped")
def guarded_logarithm(s, t):
    return np.log(s) if s > 0 and np.sqrt(s) > t else t


# --- two names for one array ---


@theme("aliases after merges")
def rebound_in_one_branch_then_stored(x, y, c):
    if c:
        y = x
    y[0] = 5.0
    return x, y


@theme("aliases after merges")
def chosen_then_added_to(x, y, c):
    z = x if c else y
    z += 1
    return x, y, z


@theme("aliases after merges")
def chosen_view_stored(x, c):
    z = x[:2] if c else x[2:]
    z[0] = 8.0
    return x


@theme("aliases after merges")
def chosen_view_read_after_a_store(x, c):
    z = x[:2] if c else x[2:]
    x[:] = 8.0
    return z


@theme("aliases after merges")
def rebound_to_itself(y, c):
    if c:
        y = y
    y[2], y[0] = y[0], y[2]
    return y


@theme("aliases after merges")
def copied_in_one_branch(x, c):
    y = x
    if c:
        y = y + 1
    y += 1
    return x, y


@theme("aliases after merges")
def in_place_in_one_branch(x, c):
    y = x
    if c:
        y *= 2
    else:
        y = y * 3
    x[0] = 1.0
    return x, y


@theme("aliases after merges")
def swapped_buffers(x, n):
    a, b = x.copy(), np.zeros_like(x)
    for i in range(n):
        for j in range(4):
            b[j] = a[3 - j] + 1
        a, b = b, a
    return a, b


@theme("aliases after merges")
def rebound_to_itself_in_a_loop(y, n):
    for i in range(n):
        y = y
    y += y
    return y


@theme("aliases after merges")
def rebound_in_a_loop_that_ends_early(x, y, t):
    for i in range(3):
        if x[i] > t:
            break
        y = x
    y[0] = 5.0
    return x, y


@theme("aliases after merges")
def helper_chooses_a_view(x, s):
    def pick(a, c):
        if c:
            return a[:2]
        return a[2:]

    z = pick(x, s > 0)
    z[1] = 3.0
    return x


@theme("rows at varying indices")
def row_stored(m, n):
    row = m[n]
    row[0] = 9.0
    return m


@theme("rows at varying indices")
def row_read_after_a_store(m, n):
    row = m[n]
    m[0, 0] = 9.0
    return row


@theme("rows at varying indices")
def two_rows_that_may_be_one(m, n, k):
    a, b = m[n], m[k]
    a[0] = 9.0
    b[0] = a[0] + 1
    return m, a


@theme("rows at varying indices")
def row_in_place(m, n):
    row = m[n]
    row *= 2
    row[1] = row[0]
    return m


@theme("rows at varying indices")
def list_item_stored(x, n):
    rows = [x, x * 2, x + 1, x * 0]
    rows[n][0] = 42.0
    return rows


@theme("rows at varying indices")
def varying_slice_in_place(x, n):
    z = x[n:]
    z += 1
    return x


@theme("rows at varying indices")
def column_in_place(m, k):
    column = m[:, k % 3]
    column += 1
    return m


@theme("numbers read from buffers")
def loop_value_after_the_loop(y):
    for i, v in enumerate(y):
        y[i] = v + 1
    return v


@theme("numbers read from buffers")
def collected_before_a_store(x):
    q = [v for v in x]
    x[:] = 0
    return np.array(q)


@theme("numbers read from buffers")
def zipped_before_a_store(y):
    for a, b in zip(y, y):
        pass
    y[-1] = 2.0
    return b


@theme("numbers read from buffers")
def unpacked_before_a_store(x):
    a, b, c, d = x
    x[:] = 0
    return a, b, c, d


@theme("numbers read from buffers")
def tuple_before_a_store(x):
    q, r = tuple(x), [*x]
    x[0] = 9.0
    return q, r


@theme("numbers read from buffers")
def helper_stores_and_returns(x, s):
    r = add_at(x, 0, s)
    q = add_at(x, 0, r)
    return r, q


@theme("numbers read from buffers")
def number_added_to_in_place(x):
    a = x[0]
    a += 1
    x[1] += a
    return x, a


@theme("numbers read from buffers")
def previous_number(x):
    before = x[0]
    for i in range(1, 4):
        now = x[i]
        x[i] = now - before
        before = now
    return x


@theme("numbers read from buffers")
def number_at_a_varying_index(x, n):
    a = x[n]
    x[n] = 0
    return a, x


@theme("numbers read from buffers")
def element_times_one_of_its_own(x, n):
    for i in range(3):
        x[i] *= x[n]
    return x


@theme("numbers read from buffers")
def added_to_while_the_right_side_stores(x, s, n):
    x[0] += add_at(x, n, s)
    return x


@theme("loops over arrays that are stored into")
def last_item_stored(y, c):
    if c:
        for v in y:
            y[-1] = v
    return y


@theme("loops over arrays that are stored into")
def running_total_stored(x):
    total = 0.0
    for v in x:
        total = total + v
        x[-1] = total
    return x, total


@theme("loops over arrays that are stored into")
def reversed_into_itself(x):
    for i, v in enumerate(x):
        x[3 - i] = v
    return x


@theme("loops over arrays that are stored into")
def neighbours_stored(x):
    for a, b in zip(x[:-1], x[1:]):
        x[0] += a * b
    return x


@theme("loops over arrays that are stored into")
def rows_in_place(m):
    for row in m:
        row[0] = row[1]
        row *= 2
    return m


@theme("loops over arrays that are stored into")
def first_row_added_to_all(m):
    first = m[0]
    for row in m:
        row += first
    return m


@theme("loops over arrays that are stored into")
def varying_trips_fill(y, n, s):
    for i in range(n):
        for s in y:
            y[:] = 0.5
    return s


@theme("loop variables")
def variable_used_again_under_a_mask(x, y, s):
    for i in range(2):
        s += 3.0
    if x[1] <= s - 6:
        for i in range(3, 1, -1):
            y[i] = s
            if s >= i:
                continue
    return y


@theme("loop variables")
def variable_used_again_with_varying_trips(x, s, n):
    for i in range(2):
        x[1] -= i
    if s <= 0:
        for i in range(1, n + 1):
            x[i] = s
    return x


@theme("loop variables")
def varying_variable_after_its_loop(x, y, p):
    for i in p:
        y[0] += 1
    y[i] = x[2]
    for i in [0, 2, 1, 2]:
        y[1] += 1
    return y, p, i


@theme("loop variables")
def inner_break_outer_continue(x, t, n):
    s = 0.0
    for i in range(4):
        for j in range(3):
            s = x[i]
            if not i == n:
                break
        if s >= t:
            continue
    return s


@theme("loop variables")
def break_in_a_branch(y, s, t):
    if 1.0 < y[2]:
        for i, s in enumerate(y):
            if s <= t:
                break
    return s


@theme("loop variables")
def variable_after_a_break(x, t):
    for i in range(4):
        if x[i] > t:
            break
    return i


@theme("loop variables")
def variable_of_varying_trips_and_break(t, n, s):
    for i in range(n + 1):
        if t > 0:
            break
    for i in range(3):
        s, t = t, s
    return s, t


@theme("zero trips")
def no_trips(x, s):
    for i in range(0):
        s = s + x[i]
    return s


@theme("zero trips")
def return_from_the_first_trip(s, n):
    for i in range(n + 1):
        return s


@theme("zero trips")
def perhaps_no_trips(x, n):
    s = 0.0
    for i in range(n):
        s = s + x[i]
    return s


@theme("zero trips")
def perhaps_unbound(n):
    for i in range(n):
        pass
    return i


@theme("zero trips")
def unbound_in_one_branch(x, n):
    if n > 1:
        y = x
    return y


@theme("zero trips")
def total_of_nothing(x):
    s = 0
    for v in x[:0]:
        s += v
    return s, sum(x[:0])


@theme("zero trips")
def greatest_of_nothing(x):
    return max(x[:0])


# --- dtypes ---


@theme("dtypes of branches")
def wraps_before_the_branches_meet(w, u, n):
    return w[0] - (1.0 if n > 1 else u + u)


@theme("dtypes of branches")
def unsigned_then_float(u, v, w):
    for i in range(2):
        if not u - v < w.mean():
            u = 2.0
    return u


@theme("dtypes of branches")
def negative_into_unsigned(w, n):
    w[n] = -1 if n > 0 else 5
    return w


@theme("dtypes of branches")
def unsigned_buffer_wraps(n):
    out = np.zeros(4, dtype=np.uint8)
    for i in range(4):
        out[n] += 100
        out[i] -= 1
    return out


@theme("dtypes of branches")
def integer_or_float(s, n):
    return n if s > 0 else s


@theme("sums")
def integers_from_a_float(big):
    return sum(big, 1.5)


@theme("sums")
def integers_added_one_by_one(big):
    s = 0
    for v in big:
        s += v
    return s


@theme("sums")
def single_precision_sum_of_booleans(flags):
    s = np.float32(0)
    for v in flags:
        s += v
    return s


@theme("sums")
def single_precision_sum_of_bytes(w):
    s = np.float32(0)
    for v in w:
        s += v
    return s


@theme("sums")
def weighted_from_a_varying_start(x, n):
    return sum(i * v for i, v in enumerate(x, start=n))


@theme("NaN")
def builtin_least(nans):
    return min(nans), max(nans)


@theme("NaN")
def running_greatest(nans):
    m = k = nans[0]
    for v in nans:
        m = max(m, v)
        k = min(v, k)
    return m, k


@theme("NaN")
def running_greatest_by_comparison(nans):
    m = -np.inf
    for v in nans:
        if v > m:
            m = v
    return m


@theme("NaN")
def least_of_two(nans, s):
    return min(nans[0], s), min(s, nans[0]), max(nans[1], s), max(s, nans[1])


# --- state, views, types ---


@theme("shared state")
def default_list_of_an_inner_function(x):
    def count(a, seen=[]):
        seen.append(a)
        return len(seen)

    count(x)
    return count(x)


@theme("shared state")
def one_list_three_times(x, s):
    rows = [np.zeros(2)] * 3
    rows[0][1] = s
    return np.array(rows)


@theme("shared state")
def closure_reads_the_latest(x, s):
    k = s

    def scaled():
        return x * k

    a = scaled()
    k = k + 1
    return a, scaled()


@theme("shared state")
def inner_function_stores(x, s):
    def put():
        x[0] = s

    y = x[0]
    put()
    return y, x


# --- lists that are copies, views without axes ---


@theme("lists that are copies")
def list_of_numbers_is_a_copy(x):
    y = x.tolist()
    x[0] = 100.0
    return y[0]


@theme("lists that are copies")
def shifts_through_a_list(x):
    y = x.tolist()
    for i in range(len(x)):
        x[i] = y[i - 1]
    return x


@theme("lists that are copies")
def adds_items_of_a_list_to_what_it_was_made_of(x):
    for v in x.tolist():
        x[0] += v
    return x


@theme("views without axes")
def squeezed_view(x):
    y = np.squeeze(x[:1])
    x[0] = 9.0
    return y


@theme("views without axes")
def reshaped_view(x):
    y = x[1:2].reshape(())
    x[1] += 9.0
    return y + 1.0


@theme("views without axes")
def view_by_an_ellipsis(x):
    y = x[0, ...]
    x[0] = 9.0
    return y


@theme("views and copies")
def ravel_of_a_column_is_a_copy(q):
    e = np.ravel(q[:, 0])
    e[0] = 9.0
    return q


@theme("views and copies")
def ravel_of_an_array_is_a_view(q):
    e = q.ravel()
    e[5] = 9.0
    return q


@theme("views and copies")
def ravel_of_a_transpose_is_a_copy(q):
    e = q.T.ravel()
    e[:] = 0.0
    return q


@theme("views and copies")
def reshape_is_a_view(x):
    z = x.reshape(2, 2)
    z[1, 1] = 3.0
    return x


@theme("views and copies")
def fancy_index_is_a_copy(x, p):
    y = x[p]
    y[0] = 9.0
    return x, y


@theme("views and copies")
def asarray_is_a_view_and_array_a_copy(x):
    y, z = np.asarray(x), np.array(x)
    y[0] = 1.0
    z[1] = 1.0
    return x, z


@theme("views and copies")
def contiguous_row(q):
    e = np.ascontiguousarray(q[3])
    e[0] = 8.0
    return q


@theme("views and copies")
def where_is_a_copy(x, y):
    z = np.where(x > 0, x, y)
    z[0] = 1.0
    return x, y, z


@theme("views and copies")
def functions_that_store(x, y):
    np.putmask(x, x > 0, y)
    np.copyto(y, x)
    np.place(y, x > 0, [1])
    return x, y


@theme("types")
def what_a_scalar_is(n, s, x):
    return isinstance(n, np.integer), isinstance(n, float), isinstance(s, float), isinstance(x[0], float)


@theme("types")
def rank_of_a_scalar(s, x):
    return np.ndim(s), np.shape(x), isinstance(s, np.ndarray), isinstance(x, np.ndarray)


# --- exceptions ---


@theme("exceptions")
def out_of_range_in_one_branch(x, n):
    if n > 1:
        x[n + 2] = 1.0
    else:
        x[n] = 2.0
    return x


@theme("exceptions")
def raises_after_a_store(x, s):
    x[0] = s
    if s > 1:
        raise ValueError("no")
    return x


@theme("exceptions")
def guarded_index(x, n):
    return x[n * 2] if n * 2 < 4 else 0.0


@theme("exceptions")
def guarded_neighbour(x, n):
    if n + 1 < 4 and x[n + 1] > x[n]:
        x[n + 1] = 0.0
    return x


@theme("exceptions")
def stores_until_out_of_range(x, n):
    try:
        x[0] = 5.0
        x[n + 2] = 1.0
        x[1] = 6.0
    except IndexError:
        x[2] = 7.0
    return x


@theme("exceptions")
def asserts_on_some(x, s):
    if s > 0:
        assert x[0] < 1.5, "too large"
        x[1] = s
    return x


# --- what random programs found ---


@theme("random programs")
def slice_whose_start_differs_in_a_live_loop(x, n):
    for i in range(n):
        x[n:] = x[i]
    return x


@theme("random programs")
def slice_whose_start_differs_in_a_while_loop(x, t, n):
    k = 3
    while k > 0 and n > 0:
        k -= 1
        x[n:] = t
        if n == 2:
            break
    return x


@theme("random programs")
def returns_under_a_uniform_condition_in_a_branch(x, t):
    steps = 2
    if x[0] > 0:
        if steps > 1:
            return t
        t = t + 1
    return t - x[1]


@theme("random programs")
def stores_through_a_name_that_the_loop_sets(x, y, t):
    for i in range(3):
        y = x
        y[i] -= y[3 - i] + t
    return x, y


def _tail(a):
    return a[1:]


@theme("random programs")
def adds_to_an_element_in_a_loop_under_a_condition(x, t):
    if t > 0:
        for _ in range(4):
            x[0] += t
    return x


@theme("random programs")
def adds_to_an_array_in_a_loop_under_a_condition(x, t):
    y = np.zeros(4)
    if t > 0:
        for _ in range(3):
            y += x
    else:
        for i in range(3):
            y[1] += 1.0
    return y


@theme("random programs")
def stores_the_same_under_a_condition(x, t):
    y = np.zeros(4)
    if t > 0:
        y[0] = 1.0
    for i in range(4):
        if x[i] > 0.5:
            y[i] += 2.0
    return y


@theme("random programs")
def stores_through_a_function_in_a_live_loop(x, y, t, c):
    k = 0
    while k < 3 and t < 9:
        k += 1
        t = t + 1
        _tail(y)[0] = t
        if c:
            y = y[::-1]
            if t > 2:
                break
    return y


@theme("random programs")
def branches_behind_a_uniform_branch_in_a_loop(x, y, t):
    for i in range(3):
        if x[i] < t:
            if len(x) < 0:
                y[i] = 1.0
            elif any(v > x[i] for v in y):
                x[i] += y[0]
                y[i] = t
    return x, y


@theme("random programs")
def becomes_another_array_in_a_loop(x, y, s):
    z = y.astype(np.float32)
    k = 3
    while k > 0:
        k -= 1
        x[:-1] = s
        x = z
    return x, z


# --- what adversaries found ---


def number_and_array(x):
    return x[0], x


@theme("arrays in tuples that functions return")
def stores_into_what_a_function_returned_beside_a_number(x):
    first, y = number_and_array(x)
    y[0] = 7.0
    return first


@theme("arrays in tuples that functions return")
def stores_into_an_item_of_what_a_function_returned(x):
    found = number_and_array(x)
    found[1][0] = 9.0
    return found[0] + found[1][1]


@theme("a store with the loops in another order than the axes")
def fills_the_transpose(x):
    out = np.zeros((2, 2))
    for k in range(2):
        for i in range(2):
            out[i, k] = k * x[i]
    return out


@theme("a store with the loops in another order than the axes")
def fills_three_axes(x):
    out = np.empty((2, 2, 2))
    for k in range(2):
        for j in range(2):
            for i in range(2):
                out[j, i, k] = x[i] * 2 + k - j
    return out


def append_to(items, value):
    items.append(value)


def put_into(table, key, value):
    table[key] = value


def given_back(items):
    return items


@theme("lists that functions change")
def appends_through_a_function(x):
    out = []
    append_to(out, x[0])
    append_to(out, x[1])
    return len(out) + x[2]


@theme("lists that functions change")
def sets_a_key_through_a_function(x):
    table = {"a": x[0]}
    put_into(table, "a", x[1])
    return table["a"]


@theme("lists that functions change")
def adds_to_a_captured_item(x):
    out = [0.0]

    def increase(value):
        out[0] += value

    for value in x:
        increase(value)
    return out[0]


@theme("lists that functions change")
def changes_a_list_that_came_back(x):
    items = [x[0], x[1]]
    same = given_back(items)
    same[0] = 7.0
    return items[0] + items[1]


# --- lists and tuples, which are no arrays ---


@theme("operators of lists")
def length_of_a_list_times_a_number(n):
    return len([1] * n)


@theme("operators of lists")
def greatest_of_a_tuple_times_a_number(s, n):
    return max((3,) * (n + 1)) + s


@theme("operators of lists")
def list_times_a_number_that_agrees(x, n):
    return np.array([x[0], 2.0] * (n * 0 + 2))


@theme("operators of lists")
def list_is_repeated_in_place(x):
    a = [v for v in x]
    a *= 2
    return len(a), a


@theme("operators of lists")
def tuples_are_compared(x):
    return (x[0], x[1]) < (x[1], x[0])


@theme("operators of lists")
def lists_are_compared(x, y):
    return [x[0], y[1]] == [y[0], y[1]]


@theme("operators of lists")
def lists_of_items_are_compared(x, y):
    return list(x) == list(y), [v for v in x] < [v for v in y]


# --- `and` and `or` as values ---


@theme("and, or")
def length_and_item(x):
    return len(x) and x[0]


@theme("and, or")
def uniform_test_and_number(x):
    return x.size > 2 and x[0] + 1


@theme("and, or")
def uniform_number_or_item(x, y):
    scale = float(x.size - 4)
    return y[1] * (scale or x[0])


@theme("and, or")
def value_inside_of_a_condition(x):
    return 5 if (len(x) and x[0]) > 0.5 else 6


# --- lists of lists, which are no arrays of two dimensions ---


@theme("lists of lists")
def list_of_lists_is_returned(m):
    return [[v * 2 for v in r] for r in m]


@theme("lists of lists")
def lists_of_a_list_are_joined(m):
    rows = [[v * 2 for v in r] for r in m]
    return rows[0] + rows[1]


@theme("lists of lists")
def lists_of_a_filled_list_are_repeated(m):
    rows = []
    for r in m:
        rows.append([v * 2 for v in r])
    return rows[0] * 2, len(rows), rows[1][0]


@theme("lists of lists")
def pairs_are_returned(x):
    return [(v, i) for i, v in enumerate(x)]


@theme("lists of lists")
def pairs_in_a_filled_list_are_returned(x):
    pairs = []
    for v in x:
        pairs.append((v, v * 2))
    return pairs


@theme("lists of lists")
def integers_of_pairs_are_summed(x):
    pairs = [(i, v) for i, v in enumerate(x)]
    s = 0
    for i, _v in pairs:
        s += i
    return s


@theme("lists of lists")
def boolean_of_a_pair(x):
    pairs = [(v > 0, v) for v in x]
    return pairs[0]


@theme("lists of lists")
def list_of_lists_is_taken_as_an_array(x, m):
    rows = [[v * 2 for v in r] for r in m]
    return np.array(rows) + rows[1][2], len(rows), rows[0][1] + sum(rows[1]), np.array([(v, v + 1) for v in x])


@theme("variables that are divided in each iteration")
def digits_in_a_base(n, k):
    digits = []
    for _ in range(5):
        digits.append(n % (k + 2))
        n //= k + 2
    return digits[::-1]


@theme("variables that are divided in each iteration")
def halved_steps(x, s):
    total = 0.0
    for v in x:
        s /= 2
        total += v * s
    return total


@theme("variables that are divided in each iteration")
def bits_so_far(p):
    held, seen = [], 0
    for v in p:
        seen |= v
        held.append(seen)
    return held


@theme("filters of comprehensions under a condition")
def neighbours_within_range(p):
    out = 0
    for i in range(2):
        if p[i] == 1:
            a = i
            if any(p[i + a] == 2 for a in (1, -1) if 0 <= i + a < 4):
                out += a
    return out


@theme("filters of comprehensions under a condition")
def neighbours_by_a_walrus(p):
    out = 0
    for i in range(2):
        if p[i] == 1:
            if any(p[b] == 2 for a in (1, -1) if 0 <= (b := i + a) < 4):
                out += 1
    return out


@theme("integers that do not fit")
def small_item_set_under_a_condition(w, u):
    if u > 100:
        w[0] = -1
    return w


@theme("integers that do not fit")
def small_item_or_a_constant(w, u):
    return w[1] if u > 100 else -1


@theme("arrays changed while they are iterated over")
def last_of_a_growing_row(x, y):
    for v in y:
        y += np.cumsum(x)
    return v


@theme("arrays changed while they are iterated over")
def sum_over_a_growing_row(x, y):
    total = 0.0
    for v in y:
        y += x
        total += v
    return total, y


@theme("jumps inside of try")
def skipped_inside_of_try(x, y):
    total = 0.0
    for i in range(len(x)):
        try:
            if x[i] > y[i]:
                continue
        except ValueError:
            pass
        total += x[i]
    return total


@theme("jumps inside of try")
def left_inside_of_try(x, y):
    total = 0.0
    for i in range(len(x)):
        try:
            if x[i] > y[i]:
                break
            total += math.sqrt(y[i])
        except ValueError:
            total -= 1
        total += x[i]
    return total


@theme("jumps inside of try")
def returned_inside_of_try(x, y):
    try:
        if x[0] > y[0]:
            return 1.0
    except ValueError:
        pass
    return x[1]


@theme("try with a finally alone")
def set_behind_a_raise(x):
    try:
        if x[0] > 50:
            raise ValueError
        s = 1
    finally:
        s = 2
    return s


@theme("try with a finally alone")
def logarithm_before_a_finally(x):
    s = 0.0
    try:
        s = math.exp(x[0])
        s -= x[0]
    finally:
        s = s + 2
    return s


@theme("lists that no example need fill")
def least_of_the_positive(x, s):
    kept = []
    for v in TABLE_OF_SIGNS:
        if v > 0:
            kept.append(v)
    return (min(kept) if kept else 0) + s


@theme("jumps behind jumps")
def slab_by_slab(x, y, s):
    near, far = -np.inf, np.inf
    for k in range(3):
        if abs(y[k]) < 0.5:
            if x[k] < s - 1:
                return False
            continue
        t1 = (s - 1 - x[k]) / y[k]
        t2 = (s + 1 - x[k]) / y[k]
        if t1 > t2:
            t1, t2 = t2, t1
        near = max(near, t1)
        far = min(far, t2)
        if near > far:
            return False
    return bool(far >= 0)


@theme("jumps behind jumps")
def left_or_skipped_in_turns(x, y):
    total = 0.0
    for k in range(4):
        if abs(y[k]) < 0.5:
            if x[k] < -1:
                break
            continue
        total += x[k]
        if total > 1:
            if total > 3:
                break
            total -= 1
            continue
        total += 0.25
        if total < -2:
            return total, k
    return 2 * total, -1


@theme("jumps behind jumps")
def skipped_in_a_while_with_an_else(x, y):
    total = 0.0
    k = 0
    while k < 4:
        k += 1
        if abs(y[k - 1]) < 0.5:
            if x[k - 1] < 0:
                total -= 1
                continue
            if x[k - 1] > 1:
                break
            continue
        if total > 1:
            continue
        total += x[k - 1]
        if total > 2:
            return total
    else:
        total += 100
    return 2 * total


@theme("returns in the else of a loop")
def twice_the_first_above(x, s):
    for v in x:
        if v > s:
            break
    else:
        return -1.0
    return v * 2


@theme("returns in the else of a loop")
def first_above_by_while(x, s):
    k = 0
    while k < len(x):
        if x[k] > s:
            break
        k += 1
    else:
        return -1.0
    return x[k]


@theme("returns in the else of a loop")
def break_return_and_else(x, s):
    for k in range(len(x)):
        if x[k] > s:
            break
        if x[k] < -1:
            return 7.0
    else:
        return -1.0
    return x[k]


@theme("returns in the else of a loop")
def else_of_an_inner_loop(x, s):
    c = 0.0
    for a in range(3):
        for v in x:
            if v > s + a:
                break
        else:
            return c
        c += v
    return c + 100


@theme("returns in the else of a loop")
def skipped_by_the_else_of_an_inner_loop(x, s):
    c = 0.0
    for a in range(3):
        for v in x:
            if v > s + a:
                break
        else:
            c += 0.5
            continue
        c += v
    return c + 100


@theme("returns in the else of a loop")
def is_prime(n, k):
    n = 3 * n + k
    if n < 2:
        return False
    for d in range(2, n):
        if n % d == 0:
            break
    else:
        return True
    return False


@theme("values of lanes when none is left")
def left_by_both_loops(x, y, s, t):
    x = y.copy()
    for i in range(3):
        for _ in range(4):
            t = t  # noqa: PLW0127 - so that the loop sets it
            y[-1], y[i] = y[i], y[-1]
            if any(v > abs(t) for v in x):
                break
        if i >= s:
            break
    return s, t, x, y


@theme("last values that two branches read")
def last_product_in_two_branches(x, t):
    for j in range(1, 4):
        s = x[j - 1] * t
    if s > t:
        s = s / t
    elif abs(x[2] / (s + 10)) > 0.1:
        s = s - t
    return s


@theme("last values that two branches read")
def last_product_in_a_loop(x, t):
    s = 0.0
    for i in range(3):
        for j in range(1, 4):
            s = x[j - 1] * (i + 1)
        if s > t:
            s = s / (t - 9)
        elif abs(x[i] / (s + 10)) > 0.1:
            s = s - t
    return s


@theme("jumps under a uniform condition behind a continue")
def left_by_all_that_go_on(x):
    c = 0
    s = 0.0
    for i in range(4):
        if x[i] > 0:
            c += 1
        else:
            if i % 2 == 0:
                if x[i] + s < 0.5:
                    continue
                s = s * 0.5 + i
            else:
                s -= 0.25
        if i < 3:
            c += 1
            break
    return s, c


MODE = "skip"


@theme("jumps under a condition that is known when the function is rewritten")
def skipped_in_a_mode(x, t):
    s = 0.0
    for v in x:
        if MODE == "skip":
            if v > t:
                continue
        s += v
    return s


@theme("jumps under a condition that is known when the function is rewritten")
def skipped_in_the_else_of_a_mode(x, t):
    s = 0.0
    for v in x:
        if MODE == "add":
            s += 1
        elif MODE == "skip":
            if MODE:
                if v > t:
                    s += 1
                else:
                    continue
        s += v
    return s


@theme("jumps under a condition that is known when the function is rewritten")
def skipped_below_a_branch(x, t):
    s = 0.0
    i = 0
    while i < len(x):
        i += 1
        if x[i - 1] > -1:
            if MODE == "skip":
                if x[i - 1] > t:
                    continue
            s += 2
        s += x[i - 1]
        if s > 3:
            break
    return s, i


@theme("jumps under a condition that is known when the function is rewritten")
def returned_in_a_mode(x, t):
    s = x[0]
    if s > t:
        if MODE == "skip":
            if x[1] > t:
                return s
        s += 5
    return s - 1


@theme("jumps out of a with statement")
def skipped_out_of_a_with_statement(x, t):
    s = 0.0
    for v in x:
        with np.errstate(all="ignore"):
            if v > t:
                continue
        s += v
    return s


@theme("jumps in the else of a try statement")
def skipped_in_the_else_of_a_try(x, t):
    s = 0.0
    for v in x:
        try:
            w = 1.0 / float(v)
        except ZeroDivisionError:
            w = 0.0
        else:
            if v > t:
                continue
        s += w
    return s


@theme("conditions that their branches set")
def cleared_in_its_branch(x, c):
    y = x[0]
    if c:
        y = x[1] * 2
        c = x[2] > 0
    else:
        y = -x[3]
    return y, c


@theme("conditions that their branches set")
def cleared_in_a_loop(x, c, t):
    n = 0
    z = 0.0
    for v in x:
        if c:
            c = v > t
            n += 1
            z += v
        else:
            c = v < 0
            z -= 1
    return n, z, c


@theme("conditions that their branches set")
def set_to_none_in_its_branch(x, k):
    p = None
    s = 0.0
    for v in x:
        if p is not None:
            s = s + v - p
            p = None
        elif k > 1:
            p = v
    return s


@theme("conditions that their branches set")
def cleared_beside_a_hazard(x, c):
    y = x[0]
    if c:
        c = x[2] > 0
        y = x[1] / (x[3] + 10)
    return y, c


@theme("None or a number")
def every_other_one(x, t):
    p = None
    for i in range(len(x)):
        if i % 2 == 0:
            p = x[i]
    return t if p is None else p


@theme("targets that an earlier loop has had")
def target_used_twice(x, p, s, t):
    for i, v in enumerate(x + 0):
        x[1] = v + i
        if v > t:
            break
    for i in p:
        for _ in [0, 2, 1, 2]:
            s = s + t
            if x[i] >= i / 4:
                break
    return s, x


# --- found by random array programs ---


def bump(a, v):
    a += v
    return a


@theme("array programs")
def stack_of_what_all_share(x):
    a = np.arange(6.0).reshape(2, 3)
    return np.stack([a, a * 2]), np.hstack([a, a]).T, np.stack([a[0], a[1]]) - x[0]


@theme("array programs")
def ellipsis_of_a_number(x):
    return x.sum()[...] + 1, (np.ones(3).sum())[...]


@theme("array programs")
def last_row_under_two_names(m):
    for row in m:
        w = row
    z = w.ravel()
    w = np.tile(m, (1, 2))
    return w, row, z


@theme("array programs")
def argument_that_a_loop_over_examples_changes(t):
    a = np.arange(3.0)
    w = bump(a, t)
    return w, a


@theme("array programs")
def subscript_of_a_comparison(x, t):
    u = np.arange(12.0).reshape(2, 2, 3)
    u *= (x > t)[..., 1:]
    u += (t - x)[1:]
    return u, (x - t)[1:] * u


@theme("array programs")
def store_with_a_new_axis_under_a_condition(q, k):
    if k > 0:
        q[-2::-1, None] = q[k] + len(q)
    return q


@theme("array programs")
def masks_of_other_kinds(flags, q, t, n):
    np.putmask(flags, flags, n)
    np.putmask(q, q > 0, n > 1)
    p = np.arange(16).reshape(4, 4)
    np.fill_diagonal(p, t)
    return flags, q, p


@theme("array programs")
def empty_ellipsis_between_arrays(m, p):
    i = np.array([0, 1])
    return m[-1, ..., i], m[None, 1, ..., i[:, None]], m[i, ..., 0].sum()


@theme("array programs")
def numbers_of_numpy_wrap(w, n, k):
    w[1:] = n * 100 - k
    w[0] = -n
    w[0] += n * 1000
    return w


@theme("array programs")
def counts_in_a_flag(flags, p):
    for v in p:
        flags[0] += v - 1
    return flags


@theme("array programs")
def neither_of_two_comparisons(x, y):
    return (~((x > 0) == (y > 0))).astype(int), np.sum(np.where(x > 0, 1, 0), axis=0)


@theme("array programs")
def one_length_or_another(x, c):
    z = x[:1]
    if c:
        z = x
    return z


# --- found by random nests of loops ---


@theme("searches in loops")
def chosen_by_a_search_of_its_own(x, s):
    for e in x:
        for j in range(1, len(x)):
            if j % 2 == 0:
                s = abs(x[0] - e)
                break
    return s


@theme("searches in loops")
def element_set_by_a_search(x, y, t):
    out = np.zeros(3)
    for _ in x:
        for v in y:
            if v > t:
                out[0] = x[1] * 0.5
                break
    return out


@theme("searches in loops")
def element_of_the_last_search(x, q, t):
    k = -1
    for row in q:
        for i, v in enumerate(x):
            if v > row[0] + t:
                k = i
                break
    return k


@theme("searches in loops")
def variable_of_a_loop_that_does_not_run(x, y, q, n, s):
    for i in range(2, len(x) - 2):
        acc = 0.0
        for j in range(n):
            y[j - 1] += y[-i - 1]
            acc += x[i]
        s += acc
    for row in q:
        acc = s
        for v in row:
            if row[0] + acc > 0:
                s += acc
            else:
                y[1] = v
            acc += v
    return s, y, acc


@theme("targets of two loops over one array")
def one_or_the_other_target(y, s, t):
    for e in y:
        for v in y:
            if t < (e if e > v and e < 1 else v):
                s += v
    return s


@theme("targets that an earlier loop has had")
def counter_that_was_a_target(x, p, s, t):
    best = np.zeros(len(x))
    for i in range(len(x)):
        if i == 0:
            best[i] = x[i]
        elif i == 1:
            best[i] = best[i - 1] + x[i]
        else:
            best[i] = max(best[i - 2], best[i - 1]) + x[i]
    i, k = len(x) - 1, 0
    moves = np.zeros(12, dtype=int)
    while i and k < 12:
        if best[i] + s <= t:
            moves[k] = 1
            i -= 1
        else:
            moves[k] = 2
        k += 1
    return moves


@theme("what a block inside of a loop needs is there behind it")
def spans_of_equal_ends(p):
    n = len(p)
    inside = np.zeros((n, n), dtype=bool)
    count = 0
    for length in range(1, n + 1):
        for i in range(n - length + 1):
            j = i + length - 1
            if p[i] == p[j] and (length <= 2 or inside[i + 1, j - 1]):
                inside[i, j] = True
                count += 1
    return inside, count


def added_up(*terms):
    total = 0
    for term in terms:
        total += term * term
    return total


@theme("sums of which nothing is known")
def sum_of_starred(x, p):
    return added_up(*x) - added_up(*p[:2]) + added_up()


@theme("None or a number")
def majority(p):
    candidate, count = None, 0
    for v in p:
        if count == 0:
            candidate = v
        count += 1 if v == candidate else -1
    return -1 if candidate is None else candidate


@theme("None or a number")
def runs_of_positive(x):
    last = None
    runs = same = 0
    for v in x:
        if v < 0:
            continue
        if v != last:
            runs += 1
        if last == v:
            same += 1
        last = v
    return runs, same


@theme("None or a number")
def two_greatest(x, t):
    first = second = None
    for v in x:
        if v > t:
            continue
        if first is None or v > first:
            first, second = v, first
        elif second is None or v > second:
            second = v
    count = (first is not None) + (second is not None)
    return count, 0.0 if first is None else first, 0.0 if second is None else second, first == second


@theme("None or a number")
def last_two(p, k):
    one, other = None, None
    for v in p:
        if v > k:
            other = one
            one = v
        elif v == k:
            one, other = other, None
    return -1 if one is None else one, -1 if other is None else other, one != other


# --- numbers read from arrays that change later, in containers and through functions ---


def same(u):
    return u


def both(u, v=1.0):
    return u, v


def named(u, v=1.0):
    return {"total": u + v, "both": (u, v)}


@theme("numbers that are kept")
def through_a_function(x, n):
    a, b, c = same(x[1]), both(x[1]), named(x[1])
    d, _ = named(x[1], 2.0)["both"]
    x[n] += 5
    return a, b, c, d, x


@theme("numbers that are kept")
def in_a_dict(x, n):
    d = {"a": x[1], "b": [x[0]]}
    d["c"] = x[2]
    e = [1.0, 2.0]
    e[0] = x[1]
    x[n] += 5
    return d, e, x


@theme("numbers that are kept")
def values_of_a_dict(s, t):
    return sum({"a": s, "b": t}.values()), max(v for _, v in {"a": s, "b": t}.items())


@theme("numbers that are kept")
def keys_of_a_dict(s, t):
    d = {"a": s, "b": t}
    for key in d:
        d[key] = d[key] * 2
    return d


@theme("loops that may not run")
def range_made_in_a_branch(x, q, y, s):
    out = np.zeros(4)
    for e in y:
        x[1] = x[0] + 0.5 * x[1]
        for j in range(len(q)):
            if s + e > 0 or e - q[j][-1] > 0:
                out[j] = abs(j * 0.5)
    return out


@theme("loops that may not run")
def elements_of_two_loops(x, y, k, t):
    out = np.zeros(3)
    for i in range(2):
        for v in y:
            t += v
            x[-i - 1] = t
    for i in (1, 0):
        for v in x:
            out[i % 2] = t
    return out, x, k


@theme("array programs")
def views_of_what_all_share(t):
    q, r, s = np.ones((3, 2)), np.zeros(4), np.ones(2)
    v, w = np.atleast_3d(q), np.trim_zeros(s)
    b = np.block(r)
    v += 1
    w += t
    b += t
    return v, q, w, s, b, r


@theme("array programs")
def one_number_as_a_matrix(x):
    return np.reshape(np.allclose(x, 1), (1, -1)), np.reshape(2, (1, 1)), np.reshape(len(x), -1)


@theme("containers")
def list_in_a_dict_in_a_tuple(x):
    return {"a": [v * 2 for v in x], "b": 1}, x


@theme("containers")
def items_of_an_empty_list(x, k):
    kept = []
    for v in kept:
        if v > (x[1], x[2])[k]:
            kept.append(v + kept[k])
    return kept, x
