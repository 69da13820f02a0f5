"""Live lanes: the examples that are still in a loop, and the variables that are held for those only."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import libcst as cst
import numpy as np

from vectorizer.rewrite.liveness import live_at_head, live_behind
from vectorizer.rewrite.memory_order import MemoryOrder
from vectorizer.rewrite.names import updated_names
from vectorizer.rewrite.sharing import origins_of
from vectorizer.rewrite.statements import assigned_names, names_read
from vectorizer.rewrite.walk import ActiveRegion
from vectorizer.source.operand import Operand, call
from vectorizer.source.statements import Stmt
from vectorizer.values import Array, Axis, Unsupported, Value, axes_of, copies, is_uniform, sites

SIMPLE = re.compile(r"[\w.\[\]]+")


@dataclass
class LaneLoop:
    """A loop over the live lanes.

    region: restricts what is read to the live lanes.
    entered: code for the number of lanes at first.
    done: the name for the places of lanes that leave.
    assigned: variables that the loop sets.
    entry: the variables in front of the loop, where the arrays for last values are made.
    outs: variables that are read behind the loop -> the array that receives their last values.
    late: those that lanes may leave without, as an iteration sets them behind a jump only: lanes that leave in a later
        iteration would leave without what an earlier one has set.
    left_as: for each of these arrays, the names that the variable had where lanes have left.
    names: variables that may have to be compacted.
    depth: how many regions are open at the top of the loop's body.
    branches: how many branches are open whose condition is the same for all lanes, and in which jumps set flags.
    leaving, skipping: flags of the lanes that break or continue, while a branch with such jumps is open.
    broke: the array that tells which examples left by `break`, for the `else` of the loop.
    flush: lanes may still be live behind the loop, so their variables must be saved there.
    """

    region: ActiveRegion
    entered: str
    done: str
    assigned: set[str] = field(default_factory=set)
    entry: dict[str, Operand] = field(default_factory=dict)
    outs: dict[str, str] = field(default_factory=dict)
    late: set[str] = field(default_factory=set)
    left_as: dict[str, set[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    depth: int = 0
    branches: int = 0
    leaving: str | None = None
    skipping: str | None = None
    broke: str | None = None
    flush: bool = False


@dataclass
class LanePlan:
    """How a loop over live lanes is written.

    header: makes the line that opens the loop, once its body is known.
    head: emits what comes first in each iteration.
    surely: the loop runs at least once for each example, so that what it sets is set behind it.
    extra: variables of the rewriter's own that belong to the lanes, such as the end of each lane's range.
    """

    header: Callable[[LaneLoop], str]
    head: Callable[[LaneLoop], None]
    surely: bool
    extra: frozenset[str] = frozenset()


class LiveLanes(MemoryOrder):
    """Holding variables for the live lanes only, and giving them back behind the loop."""

    originals: dict[int, cst.For | cst.While]  # loops as the user wrote them, by the ids of those that are rewritten
    lane_loops: list[LaneLoop | None]  # None stands for a loop that is none over live lanes

    def innermost(self) -> LaneLoop | None:
        """The innermost loop, if it is one over live lanes."""
        return self.lane_loops[-1] if self.lane_loops else None

    def at_top(self, loop: LaneLoop) -> bool:
        """Whether all live lanes are active here, in every iteration."""
        return len(self.regions) == loop.depth and not loop.branches

    def function_node(self) -> cst.FunctionDef:
        """The function that is rewritten."""
        raise NotImplementedError

    # --- opening -----------------------------------------------------------------------------------------------------

    def outer_axis(self) -> Axis:
        """The axis of the examples that enter a loop."""
        axes = (self.regions[-1].axis,) if self.regions else self.axes
        if len(axes) != 1 or self.masks:
            raise Unsupported("a loop that ends at different times under several axes or under a condition")
        axis: Axis = axes[0]
        return axis

    def open_lanes(self, node: cst.For | cst.While) -> LaneLoop:
        """All examples are live."""
        outer = self.outer_axis()
        if outer.kind not in ("batch", "lanes"):
            raise Unsupported("a loop that ends at different times over a loop's axis")
        name = self.fresh("lanes")
        entered = self.size(outer)
        if not SIMPLE.fullmatch(entered):
            entered = self.fresh("entered")
            self.emit(f"{entered} = {self.size(outer)}", target=entered)
        every = call(self.np("arange"), entered)
        self.emit(f"{name} = {every}", trailing="# the examples still in the loop", target=name)
        axis = Axis(name, (*outer.depth, 1), "lanes")
        self.sizes[axis] = lambda: f"{name}.size"
        region = ActiveRegion(axis, (outer,), name, "live", is_index=True)
        head = node.target if isinstance(node, cst.For) else node.test
        names = names_read(head) | names_read(node.body)
        assigned = assigned_names(node) - self.updated_arrays(node)
        loop = LaneLoop(region, entered, self.fresh("done"), assigned, names=names, flush=isinstance(node, cst.For))
        self.take_state(loop, node, self.live_after(node))
        self.take_examples(loop)
        self.regions.append(loop.region)
        self.lanes_depth += 1
        loop.depth = len(self.regions)
        return loop

    def updated_arrays(self, node: cst.For | cst.While) -> set[str]:
        """Arrays that a loop changes by ``x += e`` alone: they stay where they are, like those that it stores into."""
        values = {name: self.env[name].value for name in updated_names(node) & self.env.keys()}
        return {name for name, value in values.items() if isinstance(value, Array) and value.rank}

    def take_state(self, loop: LaneLoop, node: cst.For | cst.While, live: set[str]) -> None:
        """Variables of the loop are held for the live lanes only; at its head these are all examples."""
        assigned = loop.assigned
        outer = loop.region.replaced[0]
        for name in sorted(loop.names | assigned):
            operand = self.env.get(name)
            if operand is not None and operand.lazy and name in assigned and isinstance(operand.value, Array):
                self.assign_name(name, Operand(operand.code, operand.value, operand.level))  # the loop binds it anew
                operand = self.env[name]
            if operand is None or operand.lazy:
                continue
            operand = self.restricted(name, operand)
            value = operand.value
            if isinstance(value, Array) and value.axes == (outer,) and (name in assigned or value.rank == 0):
                held = self.hold_state(name, operand, assigned, live)
                site = f"{name} in the loop {self.node_site(self.originals.get(id(node), node))}"
                origins = self.memory_of_lanes(name, value, loop, site)
                lanes = value.with_(axes=(loop.region.axis,), dims=value.dims, origins=origins)
                self.env[name] = Operand(held, lanes)
            elif name in assigned and not is_uniform(value):
                if not isinstance(value, Array):
                    raise Unsupported("a container is a variable of a loop that ends at different times")
                raise Unsupported("a variable of such a loop varies along several axes")

    def memory_of_lanes(self, name: str, value: Array, loop: LaneLoop, site: str) -> frozenset[object]:
        """The origin of an array that is held for the lanes: it may be stored into if no other name leads to it."""
        seen = any(isinstance(o, tuple) for o in sites(value.origins))
        others = (origins_of(o.value) for n, o in self.env.items() if n != name)
        if not value.rank or not value.origins or seen or self.scopes or any(o & value.origins for o in others):
            return frozenset()
        self.site_axes[site] = (*self.axes, *(r.axis for r in self.regions), loop.region.axis)
        return frozenset((site,))

    def take_examples(self, loop: LaneLoop) -> None:
        """The numbers of the lanes among all examples are held with them, where they are of use."""
        examples = self.hold_examples(loop.names)
        if examples is None:
            return
        held = self.fresh("examples")
        self.emit(f"{held} = {examples.code}", target=held)
        loop.region.held = f"$examples{len(self.lane_loops)}"
        self.env[loop.region.held] = Operand(held, examples.array.with_(axes=(loop.region.axis,)))
        self.maybe_unset.discard(loop.region.held)
        loop.names.add(loop.region.held)

    def hold_state(self, name: str, operand: Operand, assigned: set[str], live: set[str]) -> str:
        """The name under which a variable is compacted: its own where nobody needs the whole any more."""
        stored = operand.array.rank > 0
        if name in assigned and not stored and not self.scopes:
            if operand.code != name:
                self.emit(f"{name} = {operand.code}", target=name)
            return name
        if name not in live and not self.scopes and operand.code == name and not stored and self.loop_depth == 0:
            return name
        if stored and any(origins_of(o.value) & operand.array.origins for n, o in self.env.items() if n != name):
            self.freeze(operand.array.with_(origins=copies(operand.array.origins)))  # another name leads to it
        held = self.fresh(f"{name}_live")
        tail = ".copy()" if stored else ""
        self.emit(f"{held} = {operand.primary}{tail}", target=held)
        return held

    def live_after(self, node: cst.For | cst.While) -> set[str]:
        """Names that may be read behind a loop."""
        return live_behind(self.function_node(), self.originals.get(id(node), node)) | self.always_live()

    def always_live(self) -> set[str]:
        """Variables that are read where the syntax does not show it."""
        return self.plan.reserved | self.plan.flags.keys() | set(self.plan.flags.values())

    def forget_dead(self, node: cst.For | cst.While) -> None:
        """Variables that each iteration sets before it reads them are not held for the lanes."""
        live = live_at_head(self.function_node(), self.originals.get(id(node), node)) | self.always_live()
        for name in (assigned_names(node) & self.env.keys()) - live:
            del self.env[name]

    # --- leaving -----------------------------------------------------------------------------------------------------

    def compact(self, loop: LaneLoop, gone: str) -> None:
        """Lanes for which `gone`, a name or ``~name`` on a device, holds leave the loop, if there are any."""
        if self.shared.backend is not None:
            self.gather_stayers(loop, gone)
        else:
            lanes, done = loop.region.mask, loop.done
            self.emit(f"{done} = {call(self.np('flatnonzero'), gone)}", target=done)
            body = [
                Stmt(f"{holder}[{lanes}[{done}]] = {self.of_lanes(loop, operand, done)}", safe=True)
                for holder, operand in self.leaving_values(loop)
            ]
            targets = self.state(loop)
            if len(targets) == 1:
                body.append(Stmt(f"{lanes} = {call(self.np('delete'), lanes, done)}"))
            else:
                drop = self.imported("vectorizer.runtime", "drop_lanes")
                body.append(Stmt(f"{', '.join(targets)} = {call(drop, done, *targets, of=loop.entered)}"))
            body.append(Stmt(f"if {lanes}.size == 0:", body=[Stmt("break")]))
            self.emit(f"if {done}.size:", body=body)
        loop.region.cache.clear()

    def gather_stayers(self, loop: LaneLoop, gone: str) -> None:
        """On a device every array is gathered anew: what `drop_lanes` saves is nothing beside the wait for the size."""
        lanes = loop.region.mask
        values = self.leaving_values(loop)
        body = [Stmt(f"{holder}[{lanes}] = {operand.code}", safe=True) for holder, operand in values]
        stay = gone[1:] if gone.startswith("~") else f"~{gone}"
        targets = self.state(loop)
        cut = ", ".join(f"{target}[{stay}]" for target in targets)
        body.append(Stmt(f"{', '.join(targets)} = {cut}", safe=True))
        body.append(Stmt(f"if {lanes}.size == 0:", body=[Stmt("break")]))
        test = f"{gone}.any()" if stay.startswith("~") else f"not {stay}.all()"
        self.emit(f"if {test}:", body=body)

    def leaving_values(self, loop: LaneLoop) -> list[tuple[str, Operand]]:
        """The arrays for last values with the variables that go there."""
        loop.late |= loop.outs.keys() - self.env.keys()
        found = [(holder, self.env.get(name)) for name, holder in sorted(loop.outs.items())]
        leaving = [(holder, o) for holder, o in found if o is not None and isinstance(o.value, Array)]
        for holder, operand in leaving:
            loop.left_as.setdefault(holder, set()).add(operand.code)
        return leaving

    def of_lanes(self, loop: LaneLoop, operand: Operand, index: str) -> str:
        """Code for the values of some lanes."""
        return f"{operand.primary}[{index}]" if loop.region.axis in operand.array.axes else operand.code

    def state(self, loop: LaneLoop) -> list[str]:
        """The arrays that are held for the live lanes, `lanes` itself first."""
        lanes = loop.region.mask
        found = [lanes, *(code for code in self.compacted(loop) if code != lanes)]
        return found if loop.skipping is None else [*found, loop.skipping]

    def compacted(self, loop: LaneLoop) -> list[str]:
        """Arrays that are held for the live lanes; those that are not variables of the loop are given up."""
        found: dict[str, Array] = {}
        for name in sorted(self.env):
            operand = self.env[name]
            value = operand.value
            if loop.region.axis not in axes_of(value):
                continue
            own = (name in loop.names or name.startswith("$")) and name not in self.maybe_unset
            if not isinstance(value, Array) or operand.lazy or not operand.is_name or not own:
                self.give_up(name)
                continue
            if value.axes[0] != loop.region.axis:
                raise Unsupported("a variable of such a loop varies along several axes")
            found[operand.code] = value
        self.part_memory(list(found.values()))
        return list(found)

    def part_memory(self, values: Sequence[Array]) -> None:
        """Arrays of one memory are apart once lanes have left: nobody may store into them any more."""
        for k, value in enumerate(values):
            if any(value.origins & other.origins for other in values[:k]):
                self.freeze(value.with_(origins=copies(value.origins), dims=value.dims))

    # --- closing -----------------------------------------------------------------------------------------------------

    def close_lanes(self, loop: LaneLoop, slot: Stmt, before: dict[str, Operand], surely: bool) -> None:
        """Behind the loop: variables that are still needed hold all examples again."""
        outer = loop.region.replaced[0]
        assigned = loop.assigned
        final = self.final_values(loop, sorted(assigned), before, surely)
        if missing := (loop.outs.keys() - final.keys()) | loop.late:
            self.lost |= loop.late
            self.not_set(min(missing))
        sizes, self.sizes = self.sizes, {**self.sizes, outer: lambda: loop.entered}
        env, self.env = self.env, loop.entry
        slot.text = "\n".join(self.holder_code(loop.outs[n], o, before.get(n), outer) for n, o in final.items())
        self.sizes, self.env = sizes, env
        self.regions.pop()
        self.lanes_depth -= 1
        if loop.flush:
            for name, operand in final.items():
                self.flush(loop, loop.outs[name], operand)
        if loop.region.held is not None:
            self.env.pop(loop.region.held, None)
        changed = self.keep_changed(before, self.env)
        for name in sorted((assigned | loop.names) - changed - {loop.region.held}):
            if name in assigned:
                self.give_up(name)
            elif name in before:
                self.env[name] = before[name]
        for name, operand in final.items():
            value = operand.array
            old = before[name].value if name in before else None
            seen = old.origins if isinstance(old, Array) else frozenset[object]()
            origins = copies(seen | value.origins) if value.rank else frozenset[object]()
            held = value.with_(axes=(outer,), dims=value.dims, origins=origins)
            self.freeze(held)
            self.bind(name, Operand(loop.outs[name], held))

    def flush(self, loop: LaneLoop, holder: str, operand: Operand) -> None:
        """Keeps the value of a variable for lanes that are live behind the loop.

        Where lanes have left with the variable under another name, its own is out of date once none is left.
        """
        lanes = loop.region.mask
        text = f"{holder}[{lanes}] = {operand.code}"
        if loop.left_as.get(holder, set()) <= {operand.code}:
            self.emit(text, safe=True)
        else:
            self.emit(f"if {lanes}.size:", body=[Stmt(text, line=self.line)])

    def final_values(
        self, loop: LaneLoop, assigned: Sequence[str], before: dict[str, Operand], surely: bool
    ) -> dict[str, Operand]:
        """Variables that the loop sets for certain and that are read behind it."""
        final: dict[str, Operand] = {}
        for name in assigned:
            operand = self.env.get(name)
            if operand is None or name not in loop.outs or name not in before and not surely:
                continue
            if not isinstance(operand.value, Array):
                raise Unsupported("a container is a variable of a loop that ends at different times")
            final[name] = operand
        return final

    def holder_code(self, holder: str, operand: Operand, old: Operand | None, outer: Axis) -> str:
        """Makes the array that receives the last values of a variable, as seen from outside of the loop."""
        value = operand.array
        if value.dtype is None:
            raise Unsupported("a variable of unknown dtype in a loop that ends at different times")
        regions, self.regions = self.regions, self.regions[:-1]
        try:
            dims = []
            for k, dim in enumerate(value.dims):
                if dim is not None:
                    dims.append(self.print_affine(dim).code)
                elif old is not None and isinstance(old.value, Array) and old.value.rank == value.rank:
                    dims.append(f"{old.primary}.shape[{k - value.rank}]")
                else:
                    raise Unsupported("an array of unknown shape in a loop that ends at different times")
            return f"{holder} = {self.empty_code(value, (outer,), dims)}"
        finally:
            self.regions = regions

    def empty_code(self, value: Array, axes: tuple[Axis, ...], dims: list[str]) -> str:
        """Code for an array of a value's dtype that is yet to be filled."""
        dtype = [] if value.dtype == np.float64 or value.dtype is None else [self.dtype_code(value.dtype)]
        return call(self.np("empty"), self.shape_code(axes, dims), *dtype)


def axes_overlap(value: Value, axes: tuple[Axis, ...]) -> bool:
    """Whether a value varies along one of `axes`."""
    return bool(set(axes) & set(axes_of(value)))
