"""From a path in a query (`Email`, `Owner.Name`) to a column, joining the parents on the way."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.salesforce.junctions import list_sql
from sandbox.salesforce.problems import Refusal, unsupported
from sandbox.salesforce.schema import Field, ObjectType, Schema
from sandbox.salesforce.soql.parse import at
from sandbox.salesforce.soql.syntax import Path
from sandbox.salesforce.tables import quoted

MAXIMUM_PARENTS = 5
# What can be asked of a parent that may be of several types (Owner of a Lead: User or Group).
SHARED_BY_OWNERS = frozenset({"Id", "Name", "Email", "Type", "FirstName", "LastName", "Username", "IsActive", "Alias"})
TYPE_FIELD = Field(name="Type", label="Type", type="string", length=40, flags=frozenset({"filterable", "sortable"}))


@dataclass(frozen=True, slots=True)
class Column:
    """A field of the queried record or of one of its parents, and the SQL that reads it."""

    path: tuple[str, ...]
    field: Field
    sql: str


@dataclass(frozen=True, slots=True)
class Parent:
    """A joined parent: one (alias, type) per type that it may be of."""

    targets: tuple[tuple[str, ObjectType], ...]

    @property
    def id_sql(self) -> str:
        return _first_of([f"{alias}.Id" for alias, _ in self.targets])

    @property
    def type_sql(self) -> str:
        cases = " ".join(f"WHEN {alias}.Id IS NOT NULL THEN '{each.name}'" for alias, each in self.targets)
        return f"CASE {cases} END"


@dataclass(slots=True)
class Names:
    """Resolves the paths of one query; `joins` grows with the parents that are met."""

    schema: Schema
    source: ObjectType
    query: str
    parents: dict[tuple[str, ...], Parent] = field(default_factory=dict)
    joins: list[str] = field(default_factory=list)

    def column(self, path: Path) -> Column:
        """Find a field.

        Raises:
            Refusal: INVALID_FIELD, worded as Salesforce does.
        """
        names = path.names[1:] if path.names[0].lower() == self.source.name.lower() and path.names[1:] else path.names
        if len(names) - 1 > MAXIMUM_PARENTS:
            raise at(self.query, path.column, "Only 5 levels of parents may be queried", "INVALID_FIELD")
        spelled: tuple[str, ...] = ()
        parent = Parent((("t", self.source),))
        for name in names[:-1]:
            parent, spelled = self._step(parent, spelled, name, path)
        found = self._field(parent, names[-1], path)
        return Column((*spelled, found.name), found, _sql(parent, found))

    def _step(self, parent: Parent, spelled: tuple[str, ...], name: str, path: Path) -> tuple[Parent, tuple[str, ...]]:
        alias, object_type = parent.targets[0]
        link = object_type.relationship_named(name) if len(parent.targets) == 1 else None
        if link is None or link.relationship is None:
            message = f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom "
            message += "relationship, be sure to append the '__r' after the custom relationship name."
            raise at(self.query, path.column, message, "INVALID_FIELD")
        key = (*spelled, link.relationship)
        if key not in self.parents:
            self.parents[key] = self._join(alias, link)
        return self.parents[key], key

    def _join(self, alias: str, link: Field) -> Parent:
        served = [each for name in link.references if (each := self.schema.object_named(name))]
        if not served:
            raise unsupported(f"the object types {', '.join(link.references)} behind {link.name}")
        targets = []
        for each in served:
            joined = f"p{len(self.joins)}"
            self.joins.append(f"LEFT JOIN {quoted(each.name)} {joined} ON {joined}.Id = {alias}.{quoted(link.name)}")
            targets.append((joined, each))
        return Parent(tuple(targets))

    def _field(self, parent: Parent, name: str, path: Path) -> Field:
        several = len(parent.targets) > 1
        if several and name.lower() == "type":
            return TYPE_FIELD
        for _, object_type in parent.targets:
            found = object_type.field_named(name)
            if found and (not several or found.name in SHARED_BY_OWNERS):
                return found
        entity = "Name" if several else parent.targets[0][1].name
        raise _no_such_column(self.query, path, name, entity)


def _no_such_column(query: str, path: Path, name: str, entity: str) -> Refusal:
    message = (
        f"No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, be sure to append "
        "the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate "
        "names."
    )
    return at(query, path.column, message, "INVALID_FIELD", path.line)


def _sql(parent: Parent, found: Field) -> str:
    if found is TYPE_FIELD:
        return parent.type_sql
    having = [(alias, each) for alias, each in parent.targets if found.name in each.fields]
    if found.kind == "list":
        return list_sql(having[0][0], found)
    if not found.stored:
        alias, object_type = having[0]
        return _address(alias, object_type, found)
    return _first_of([f"{alias}.{quoted(found.name)}" for alias, _ in having])


def _address(alias: str, object_type: ObjectType, compound: Field) -> str:
    parts = {key: f"{alias}.{quoted(part.name)}" for key, part in object_type.components(compound).items()}
    pairs = ", ".join(f"'{key}', {sql}" for key, sql in parts.items())
    return f"CASE WHEN {_first_of(list(parts.values()))} IS NULL THEN NULL ELSE json_object({pairs}) END"


def _first_of(expressions: list[str]) -> str:
    return expressions[0] if len(expressions) == 1 else f"coalesce({', '.join(expressions)})"
