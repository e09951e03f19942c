"""The judging table read aloud (guarantees.md, section 2): one record and one field at a time, without a data frame.

The vectorised `plan` has to come to the same kinds and cells for any batch. Nothing here is shared with it but the
words `Kind` and `Cell`, the mapping, and the marker of a base that was never set.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from modstamp.engine.context import Context
from modstamp.engine.frames import ABSENT
from modstamp.engine.judge import Kind
from modstamp.engine.merge import Cell
from modstamp.mapping.conditions import Condition, Row
from modstamp.mapping.directions import Toggle
from modstamp.mapping.field import FieldMapping
from modstamp.mapping.schema import TypeMapping
from modstamp.model import Direction, Operation, Presence, Side, Values

_FIELDWISE = (Kind.MERGE, Kind.LINK, Kind.REVIVE)


@dataclass(frozen=True, kw_only=True)
class One:
    """One field of one record."""

    source: Any
    target: Any
    source_base: Any
    target_base: Any
    waiting: bool
    unconfirmed: bool
    kept: str | None
    manual: bool
    source_time: float
    target_time: float


@dataclass(frozen=True, kw_only=True)
class Half:
    """One side of a record as it was read. `values`: by that side's field names."""

    id: str
    state: Presence
    values: Values
    modified_at: float
    read_at: float = 0.0
    moved: bool = False  # it became another record (G12)


@dataclass(frozen=True, kw_only=True)
class Bond:
    """A link or a tombstone. `kept`: internal field → who won the conflict of these very values before."""

    target_id: str
    bases: Mapping[Side, Values]
    state: Literal["live", "provisional", "tombstone"] = "live"
    dead: Literal["internal", "external", "both", "moved", "taken"] | None = None
    read_at: float | None = None
    unconfirmed: Collection[str] = ()
    kept: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Situation:
    """All that is known of one record. `targets`: what was read of the other side, by id. `waits`: internal fields."""

    source: Half
    link: Bond | None
    grave: Bond | None
    matches: tuple[str, ...]
    targets: Mapping[str, Half]
    key: str | None
    taken: Collection[str]
    busy: bool
    creating: bool
    waits: Collection[str]
    rejected: str | None

    @property
    def other_half_is_there(self) -> bool:
        """That of the tombstone, and nothing became of it."""
        half = self.targets.get(self.grave.target_id) if self.grave else None
        return half is not None and half.state is Presence.FOUND and not half.moved

    @property
    def bond(self) -> Bond | None:
        return self.link or self.grave

    @property
    def target_id(self) -> str | None:
        """The link's, else a tombstone's whose half is there and free, else the only match, else the tombstone's."""
        if self.link:
            return self.link.target_id
        if self.grave and self.other_half_is_there and self.grave.target_id not in self.taken:
            return self.grave.target_id
        if len(self.matches) == 1:
            return self.matches[0]
        return self.grave.target_id if self.grave else None

    @property
    def target(self) -> Half | None:
        return self.targets.get(self.target_id or "")


@dataclass(frozen=True, kw_only=True)
class Judge:
    """The table for one mapping and direction."""

    mapping: TypeMapping
    direction: Direction
    context: Context

    # Records

    def judge(self, situations: Sequence[Situation]) -> list[tuple[Kind, dict[str, Cell]]]:
        """A whole batch, as records with one key look at each other (G15)."""
        kinds = self.without_twins(situations, [self.kind(each) for each in situations])
        return [self.verdict(*pair) for pair in zip(situations, kinds, strict=True)]

    def kind(self, one: Situation) -> Kind:
        return self.linked(one, one.link) if one.link else self.unlinked(one)

    def moved(self, one: Situation) -> bool:
        """What became another record is no longer judged for itself (G12)."""
        external = one.source if self.direction is Direction.POLLING else one.target
        return external is not None and external.moved

    def linked(self, one: Situation, link: Bond) -> Kind:
        source, target = one.source.state, one.target.state if one.target else None
        if self.moved(one):
            return self.linked_to_moved()
        if Presence.HIDDEN in (source, target):
            return Kind.HIDDEN
        if source is target is Presence.DELETED:
            return Kind.BURY
        if source is Presence.DELETED:
            return self.source_gone(edited=self.edited(one, self.direction.target, link))
        if target is Presence.DELETED:
            return self.target_gone(edited=self.edited(one, self.direction.source, link))
        return Kind.MERGE

    def linked_to_moved(self) -> Kind:
        """A poll lets the link follow; a push leaves it to a poll."""
        if self.direction is Direction.POLLING:
            return Kind.MOVE
        return Kind.LEAVE if self.mapping.is_on(Direction.POLLING) else Kind.HELD

    def source_gone(self, *, edited: bool) -> Kind:
        """`edited`: the half that lives."""
        if not edited:
            return Kind.DELETE
        return Kind.LEAVE if self.recreates and self.mapping.is_on(self.direction.other) else Kind.BURY

    def target_gone(self, *, edited: bool) -> Kind:
        if edited:
            return Kind.RECREATE if self.recreates else Kind.BURY
        return Kind.LEAVE if self.mapping.is_on(self.direction.other) else Kind.BURY

    @property
    def recreates(self) -> bool:
        return self.mapping.after_delete == "recreate"

    def unlinked(self, one: Situation) -> Kind:
        if self.direction is Direction.POLLING and one.source.moved:
            return Kind.NOTHING
        if one.source.state is not Presence.FOUND:
            # A tombstone must say that neither half lives, if that is so.
            last = one.grave is not None and self.died(one.grave, self.direction.target)
            return Kind.BURY if last and one.source.state is Presence.DELETED else Kind.NOTHING
        if one.grave:
            return self.buried(one, one.grave)
        kind = self.unknown(one)
        return Kind.HELD if kind is Kind.LINK and self.moved(one) else kind

    def unknown(self, one: Situation) -> Kind:
        """A record without a past."""
        if not one.matches:
            return Kind.CREATE
        free = one.target_id not in one.taken
        return Kind.LINK if len(one.matches) == 1 and free else Kind.AMBIGUOUS

    def buried(self, one: Situation, grave: Bond) -> Kind:
        """A record whose link became a tombstone (G13)."""
        own_half = one.target_id == grave.target_id
        back = own_half and one.other_half_is_there
        if self.direction is Direction.PUSHING and (not one.matches or (own_half and not back)):
            # Its counterpart became another record: that of which is for a poll, or for a person.
            for_others = {"moved": Kind.NOTHING, "taken": Kind.HELD}
            if grave.dead in for_others:
                return for_others[grave.dead]
        if back and one.target_id not in one.taken:
            return Kind.REVIVE
        kind = self.unknown(one)
        if kind is Kind.CREATE and self.died(grave, self.direction.target):
            edited = self.edited(one, self.direction.source, grave)
            kind = Kind.CREATE if self.recreates and edited else Kind.NOTHING
        if back and kind is Kind.CREATE:
            return Kind.AMBIGUOUS  # its counterpart has another one by now
        return Kind.HELD if kind is Kind.LINK and self.moved(one) else kind

    @staticmethod
    def died(grave: Bond, side: Side) -> bool:
        """Is it this side's half alone whose end made the tombstone?"""
        return grave.dead == side or (side is Side.EXTERNAL and grave.dead in ("moved", "taken"))

    def edited(self, one: Situation, side: Side, bond: Bond) -> bool:
        """Has this side a value that may travel and is not its base (G11)?"""
        half = one.source if side is self.direction.source else one.target
        values = half.values if half else {}
        return any(
            self.is_edit(values.get(each.name(side)), bond.bases[side].get(each.name(side), ABSENT), each, side)
            for each in self.mapping.fields
        )

    def is_edit(self, value: Any, base: Any, of: FieldMapping, side: Side) -> bool:
        """Of a field that travels from this side; a blank that is to be skipped is none."""
        outward = Direction.POLLING if side is Side.EXTERNAL else Direction.PUSHING
        section = "inbound" if side is Side.EXTERNAL else "outbound"
        if not of.travels(outward) or of.only_on == "create":
            return False
        return bool(value != base) and not (section in of.skip_empty and self.is_blank(value, of, side))

    @staticmethod
    def is_blank(value: Any, of: FieldMapping, side: Side) -> bool:
        """Nothing, or what stands for nothing on this side."""
        placeholder = of.empty_as.outbound if side is Side.EXTERNAL else of.empty_as.inbound
        return value in (None, "") or (placeholder is not None and value == placeholder)

    def converted(self, value: Any, of: FieldMapping) -> Any:
        """As the target would hold it."""
        inward, outward = of.empty_as.inbound, of.empty_as.outbound
        read, written = (outward, inward) if self.direction is Direction.POLLING else (inward, outward)
        if value in (None, ""):
            return value if written is None else written
        return None if read is not None and value == read else value

    def without_twins(self, situations: Sequence[Situation], kinds: list[Kind]) -> list[Kind]:
        """Of several rows that would take one key or one target, the first stays; links come before creates."""
        twins = self._later(kinds, [one.key for one in situations], Kind.LINK, Kind.CREATE)
        twins |= self._later(kinds, [one.target_id for one in situations], Kind.REVIVE, Kind.LINK)
        held = [Kind.AMBIGUOUS if number in twins else kind for number, kind in enumerate(kinds)]
        return [Kind.AGAIN if self.not_now(one) else kind for one, kind in zip(situations, held, strict=True)]

    @staticmethod
    def _later(kinds: Sequence[Kind], keys: Sequence[str | None], *wanted: Kind) -> set[int]:
        claimed: set[str] = set()
        later: set[int] = set()
        for kind in wanted:
            for number, key in enumerate(keys):
                if kinds[number] is kind and key is not None:
                    (later.add(number) if key in claimed else claimed.add(key))
        return later

    def not_now(self, one: Situation) -> bool:
        """A write without an answer (G20, G23), or a read that is older than the link (G17)."""
        if one.creating or one.busy or (one.link and one.link.state == "provisional"):
            return True
        external = one.source if self.direction is Direction.POLLING else one.target
        known = one.bond.read_at if one.bond else None
        if external is None or known is None or not (one.link or one.source.state is Presence.FOUND):
            return False
        if self.direction is Direction.POLLING and not self.context.same_read:
            return external.read_at <= known
        return external.read_at < known

    # What may be done

    def verdict(self, one: Situation, kind: Kind) -> tuple[Kind, dict[str, Cell]]:
        cells = {each.internal: self.cell(one, kind, each) for each in self.mapping.fields}
        operation = Operation.DELETE if kind is Kind.DELETE else Operation.CREATE
        if kind in (Kind.CREATE, Kind.DELETE) and not self.may(operation, one):
            kind = Kind.WITHHELD if kind is Kind.CREATE else Kind.BURY
        if kind is Kind.CREATE and self.context.unmet:
            kind = Kind.WITHHELD
        if kind is Kind.CREATE and not self.context.creates_allowed:
            kind = Kind.AGAIN
        if kind is Kind.DELETE and not self.context.deletes_allowed:
            kind = Kind.AGAIN
        if kind in _FIELDWISE and Cell.WRITE in cells.values() and not self.may(Operation.UPDATE, one):
            cells = {name: Cell.SAME if cell in (Cell.WRITE, Cell.WAIT) else cell for name, cell in cells.items()}
        if kind is Kind.CREATE and one.waits:
            kind = Kind.WAIT
        if kind in (*_FIELDWISE, Kind.CREATE) and Cell.WRITE in cells.values() and one.rejected:
            kind, cells = Kind.REJECTED, dict.fromkeys(cells, Cell.SAME)
        return kind, cells

    def may(self, operation: Operation, one: Situation) -> bool:
        toggle: Toggle = self.mapping.toggles(self.direction).of(operation)
        if not toggle.on or toggle.when is None:
            return toggle.on
        values: dict[str, Any] = dict(one.source.values)
        names = self.mapping.field_names(self.direction.source)
        if one.source.state is Presence.DELETED and all(values.get(name) is None for name in names):
            bases: dict[str, Any] = dict(one.bond.bases[self.direction.source]) if one.bond else {}
            values = {name: bases.get(name, ABSENT) for name in names}
        return _holds(toggle.when, values)

    # Fields

    def cell(self, one: Situation, kind: Kind, of: FieldMapping) -> Cell:
        if kind is Kind.CREATE:
            if not of.travels(self.direction):
                return Cell.OWN
            return Cell.WAIT if of.internal in one.waits else Cell.WRITE
        return self.merged(self.one_field(one, kind, of), of) if kind in _FIELDWISE else Cell.SAME

    def one_field(self, one: Situation, kind: Kind, of: FieldMapping) -> One:
        source, target = self.direction.source, self.direction.target
        bond, half = None if kind is Kind.LINK else one.bond, one.target
        assert half is not None  # its kinds have one
        return One(
            source=one.source.values.get(of.name(source)),
            target=half.values.get(of.name(target)),
            source_base=bond.bases[source].get(of.name(source), ABSENT) if bond else ABSENT,
            target_base=bond.bases[target].get(of.name(target), ABSENT) if bond else ABSENT,
            waiting=of.internal in one.waits,
            unconfirmed=one.link is not None and of.external in one.link.unconfirmed,
            kept=one.link.kept.get(of.internal) if one.link else None,
            manual=kind is Kind.LINK and self.direction is Direction.PUSHING and self.takes_down,
            source_time=one.source.modified_at,
            target_time=half.modified_at,
        )

    @property
    def takes_down(self) -> bool:
        return self.mapping.inbound.create.after_manual_create and self.context.creates_allowed

    def merged(self, one: One, of: FieldMapping) -> Cell:
        """The rule for a field of a linked record."""
        equal = self.converted(one.source, of) == one.target and not one.waiting
        if one.source_base is ABSENT or one.target_base is ABSENT:
            cell = self.first(one, of, equal=equal)
        else:
            source_edited = self.is_edit(one.source, one.source_base, of, self.direction.source)
            target_edited = self.is_edit(one.target, one.target_base, of, self.direction.target)
            if not source_edited and not target_edited:
                return Cell.SAME
            if equal:
                return Cell.IN_STEP
            both = source_edited and target_edited
            if both and (of.conflict or self.mapping.conflict) == "ask" and not one.unconfirmed and one.kept is None:
                return Cell.ASK
            source_wins = self.source_wins(one, of) if both else source_edited
            cell = Cell.WRITE if source_wins else Cell.LEAVE
        return Cell.WAIT if cell is Cell.WRITE and one.waiting else cell

    def first(self, one: One, of: FieldMapping, *, equal: bool) -> Cell:
        """A field that was never in step."""
        once = of.only_on == "create"
        forward = Cell.WRITE if of.travels(self.direction) and not once else Cell.OWN
        backward = Cell.LEAVE if of.travels(self.direction.other) and not once else Cell.OWN
        source_blank = self.is_blank(one.source, of, self.direction.source)
        target_blank = self.is_blank(one.target, of, self.direction.target)
        if equal or (source_blank and target_blank):
            return Cell.IN_STEP
        if source_blank or target_blank:
            return backward if source_blank else forward
        return self.differing(one, of, forward, backward)

    def differing(self, one: One, of: FieldMapping, forward: Cell, backward: Cell) -> Cell:
        """Both hold something, and not the same."""
        if of.conflict == "strictest":
            return forward if one.source is True else backward
        if of.only_on == "create":
            return Cell.OWN
        if one.manual and of.travels(Direction.POLLING):
            return forward if self.direction is Direction.POLLING else backward
        if of.is_derived:
            return forward  # it is judged in its own direction alone, where nothing can stand against it
        winner = {"crm": Side.EXTERNAL, "engagement": Side.INTERNAL}.get(self.mapping.first_link)
        if winner is None:
            return Cell.HOLD
        return forward if winner is self.direction.source else backward

    def source_wins(self, one: One, of: FieldMapping) -> bool:
        external_is_source = self.direction.source is Side.EXTERNAL
        external, internal = one.source_time, one.target_time
        if not external_is_source:
            external, internal = internal, external
        policy = of.conflict or self.mapping.conflict
        if one.unconfirmed:
            external_wins = False
        elif one.kept is not None:
            external_wins = one.kept == Side.EXTERNAL
        elif policy == "newest":
            external_wins = external >= internal - self.context.tolerance
        elif policy == "strictest":
            external_wins = (one.source if external_is_source else one.target) is True
        elif policy.endswith("_unless_blank"):
            inside, outside = (one.target, one.source) if external_is_source else (one.source, one.target)
            if policy.startswith("crm"):
                external_wins = not self.is_blank(outside, of, Side.EXTERNAL)
            else:
                external_wins = self.is_blank(inside, of, Side.INTERNAL)
        else:
            external_wins = policy == "crm"
        return external_wins is external_is_source


_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "is": lambda value, wanted: value == wanted,
    "is not": lambda value, wanted: value != wanted,
}


def _holds(condition: Condition, values: Mapping[str, Any]) -> bool:
    """Only single rows with few operators, which is all that the batches of this oracle use."""
    assert isinstance(condition, Row)
    value = values.get(condition.field)
    return value is not ABSENT and _OPERATORS[condition.operator](value, condition.value)
