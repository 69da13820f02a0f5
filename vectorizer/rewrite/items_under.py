"""Items of lists and dicts that only some examples assign: the others keep what they have."""

from __future__ import annotations

from typing import Any

from vectorizer.rewrite.partial_stores import PartialStores
from vectorizer.source.operand import Operand
from vectorizer.values import MISSING, Array, DictV, ListV, Unsupported, union_axes


class ItemsUnder(PartialStores):
    """``items[k] = v`` under a condition that varies."""

    masks: list[Operand]
    changed_sites: set[object]  # lists and dicts of which an item was assigned under a condition

    def assign_item_under(self, base: Operand, item: Operand, operand: Operand) -> None:
        """Assigns an item for the examples that get here."""
        value = base.value
        old = self.known_item(base, item)
        if self.loops or not isinstance(operand.value, Array) or not isinstance(old.value, Array):
            raise Unsupported("an item of a container is assigned under a condition")
        if self.regions:
            new = self.scattered(old, operand)
        elif self.speculating == len(self.masks):
            new = self.merge(self.conjunction(self.masks), operand, old)
        else:
            raise Unsupported("an item of a container is assigned in an expression")
        self.emit(f"{old.code} = {new.code}")
        made = with_item(value, item, new.value)
        self.changed_sites.add(made.site)
        self.container_stores += 1
        self.update_site(made.site, made)

    def known_item(self, base: Operand, item: Operand) -> Operand:
        """The item of a list or dict that is assigned, which must be known when the function is rewritten."""
        value = base.value
        if isinstance(value, DictV):
            found = value.get(self.pin(item, "a key"))
            if found is None:
                raise Unsupported("a key that only some examples add to a dict")
            return Operand(f"{base.primary}[{item.code}]", found)
        place = item.value.const if isinstance(item.value, Array) else MISSING
        if not isinstance(value, ListV) or not isinstance(place, int):
            raise Unsupported("an item of a container is assigned under a condition")
        if not -len(value.items) <= place < len(value.items):
            raise Unsupported("an item of a list is assigned that it does not have")
        return Operand(f"{base.primary}[{item.code}]", value.items[place])

    def scattered(self, old: Operand, operand: Operand) -> Operand:
        """What all examples have, with a new value for the active ones."""
        before, now = self.array(old), self.array(operand)
        if self.masks or set(before.axes) & {region.axis for region in self.regions}:
            raise Unsupported("an item of a container is assigned under nested conditions")
        self.check_mixed(before, now)
        joined = self.join_elements(before, now)
        if joined.dtype is None or before.rank != now.rank:
            raise Unsupported("an item of a container is assigned another kind of value under a condition")
        full = self.spread(old, union_axes(before.axes, self.regions[0].replaced))
        name = self.fresh("item")
        dtype = joined.dtype if before.dtype != joined.dtype else None
        self.emit(f"{name} = {self.private_copy(full, dtype)}", target=name)
        made = Operand(name, joined.with_(axes=self.array(full).axes, dims=joined.dims, origins=frozenset()))
        chain = self.chain_to(self.array(made))
        if chain is None:
            raise Unsupported("an item of a container is assigned under nested conditions")
        region, index = chain
        self.emit(f"{name}[{index}] = {self.expand(operand, (region.axis,), now.rank).code}")
        return made

    def join_elements(self, first: Array, second: Array) -> Array:
        raise NotImplementedError

    def private_copy(self, full: Operand, dtype: Any) -> str:
        raise NotImplementedError

    def keep_changed(self, before: dict[str, Operand], after: dict[str, Operand]) -> set[str]:
        """Variables that name a list or dict which was changed in place: behind a branch they see it as it is."""
        found = set()
        for name, operand in after.items():
            site = getattr(operand.value, "site", None)
            old = before.get(name)
            if site in self.changed_sites and old is not None and getattr(old.value, "site", None) == site:
                found.add(name)
        return found


def with_item(value: Any, item: Operand, new: Any) -> DictV | ListV:
    """A list or dict with another value for one item."""
    if isinstance(value, DictV):
        assert isinstance(item.value, Array) or item.value is not None
        key = item.value.const if isinstance(item.value, Array) else item.value.value  # type: ignore[attr-defined]
        return DictV(tuple((k, new if k == key else v) for k, v in value.items), value.site)
    items = list(value.items)
    items[int(item.array.const)] = new
    return ListV(tuple(items), value.site)
