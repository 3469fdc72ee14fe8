"""Trees of criteria, and the one SQL query that each is for ClickHouse and for PostgreSQL.

A leaf is a criterion beside its SQL, written by hand for both. Groups are put together here, in the ways a person
would: as conditions on contacts with IN, or, for ClickHouse, as its bitmaps; the bench takes whichever is faster.
"""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Leaf:
    """A criterion. Its SQL is a SELECT of contact_id, repeated as may be; with `state` it is a condition on contacts.

    absent: the SQL finds those for whom the criterion does not hold.
    """

    criteria: Json
    clickhouse: str
    postgres: str
    state: bool = False
    absent: bool = False


@dataclass(frozen=True)
class AllOf:
    children: tuple["Node", ...]


@dataclass(frozen=True)
class AnyOf:
    children: tuple["Node", ...]


@dataclass(frozen=True)
class Not:
    child: "Node"


Node = Leaf | AllOf | AnyOf | Not


@dataclass(frozen=True)
class Tree:
    """A question, with a name for the table of results. `clickhouse`: whole queries that may serve it better."""

    name: str
    root: Node
    clickhouse: tuple[str, ...] = ()


def both(*children: Node) -> AllOf:
    return AllOf(children)


def either(*children: Node) -> AnyOf:
    return AnyOf(children)


def criteria(node: Node) -> Json:
    """The tree in Sito's language."""
    match node:
        case Leaf():
            return node.criteria
        case AllOf():
            return {"all": [criteria(child) for child in node.children]}
        case AnyOf():
            return {"any": [criteria(child) for child in node.children]}
        case Not():
            return {"not": criteria(node.child)}


def leaves(node: Node) -> list[Leaf]:
    match node:
        case Leaf():
            return [node]
        case Not():
            return leaves(node.child)
    return [leaf for child in node.children for leaf in leaves(child)]


# --- ClickHouse ------------------------------------------------------------------------------------------------
def clickhouse(tree: Tree) -> dict[str, str]:
    """Queries that all answer it, by how they go about it."""
    root = tree.root
    ways = {"bitmaps": f"SELECT bitmapCardinality({_bitmap(root)})", "in": _counted(_condition(root))}
    if isinstance(root, Leaf) and not root.state:
        everyone = "(SELECT count() FROM contacts) - " if root.absent else ""
        ways |= {
            "uniq": f"SELECT {everyone}(SELECT uniqExact(contact_id) FROM ({root.clickhouse}))",
            "groups": f"SELECT {everyone}(SELECT count() FROM (SELECT DISTINCT contact_id FROM ({root.clickhouse})))",
        }
    return ways | {f"by hand {number}": query for number, query in enumerate(tree.clickhouse, 1)}


def _counted(condition: str) -> str:
    return f"SELECT count() FROM contacts WHERE {condition}"


def _condition(node: Node) -> str:
    match node:
        case Leaf(state=True):
            return f"({node.clickhouse})"
        case Leaf():
            return f"(contact_id {'NOT IN' if node.absent else 'IN'} ({node.clickhouse}))"
        case AllOf():
            return f"({' AND '.join(map(_condition, node.children))})"
        case AnyOf():
            return f"({' OR '.join(map(_condition, node.children))})"
        case Not():
            return f"(NOT ifNull({_condition(node.child)}, 0))"


def _of(select: str) -> str:
    return f"(SELECT groupBitmapState(contact_id) FROM {select})"


def _bitmap(node: Node) -> str:
    match node:
        case Leaf(state=True):
            return _of(f"contacts WHERE {node.clickhouse}")
        case Leaf():
            found = _of(f"({node.clickhouse})")
            return f"bitmapAndnot({_of('contacts')}, {found})" if node.absent else found
        case AllOf():
            return _intersected(node)
        case AnyOf():
            return _folded("bitmapOr", [_bitmap(child) for child in node.children])
        case Not():
            return f"bitmapAndnot({_of('contacts')}, {_bitmap(node.child)})"


def _intersected(node: AllOf) -> str:
    """What is asked of the contacts themselves in one scan, then the rest; what is taken away without a complement."""
    state = [child for child in node.children if isinstance(child, Leaf) and child.state]
    away = [child for child in node.children if isinstance(child, Not) or (isinstance(child, Leaf) and child.absent)]
    rest = [child for child in node.children if child not in state and child not in away]
    sets = [_bitmap(child) for child in rest]
    if state or not sets:
        sets.insert(0, _of("contacts" + (f" WHERE {' AND '.join(map(_condition, state))}" if state else "")))
    kept = _folded("bitmapAnd", sets)
    for child in away:
        gone = _bitmap(child.child) if isinstance(child, Not) else _of(f"({child.clickhouse})")
        kept = f"bitmapAndnot({kept}, {gone})"
    return kept


def _folded(function: str, sets: list[str]) -> str:
    first, *others = sets
    for other in others:
        first = f"{function}({first}, {other})"
    return first


# --- PostgreSQL ------------------------------------------------------------------------------------------------
def postgres(tree: Tree) -> dict[str, str]:
    """Queries that all answer it, by how they go about it."""
    ways = {"in": _distinct(_set(tree.root))}
    if any(isinstance(node, AllOf) for node in _groups(tree.root)):
        ways["intersect"] = _distinct(_algebra(tree.root))
    return ways


def _distinct(found: str) -> str:
    return f"SELECT count(*) FROM (SELECT DISTINCT contact_id FROM ({found}) found) each"


def _groups(node: Node) -> list[Node]:
    match node:
        case AllOf() | AnyOf():
            return [node, *(group for child in node.children for group in _groups(child))]
        case Not():
            return _groups(node.child)
    return []


def _set(node: Node) -> str:
    match node:
        case Leaf(state=False, absent=False):
            return node.postgres
        case AnyOf():
            return " UNION ALL ".join(f"({_set(child)})" for child in node.children)
    return f"SELECT c.contact_id FROM contacts c WHERE {_holds(node)}"


def _holds(node: Node) -> str:
    match node:
        case Leaf(state=True):
            return f"({node.postgres})"
        case Leaf(absent=True):
            return _lacks(node.postgres)
        case Leaf() | AnyOf():
            return f"c.contact_id IN ({_set(node)})"
        case AllOf():
            return " AND ".join(map(_holds, node.children))
        case Not(child=Leaf(state=True) as leaf):
            return f"({leaf.postgres}) IS NOT TRUE"
        case Not():
            return _lacks(_set(node.child))


def _lacks(found: str) -> str:
    return f"NOT EXISTS (SELECT FROM ({found}) lacking WHERE lacking.contact_id = c.contact_id)"


def _algebra(node: Node) -> str:
    """As sets: where many are joined, no estimate can lead the planner astray."""
    match node:
        case Leaf(state=True):
            return f"SELECT contact_id FROM contacts WHERE {node.postgres}"
        case Leaf(absent=True):
            return f"SELECT contact_id FROM contacts EXCEPT ({node.postgres})"
        case Leaf():
            return node.postgres
        case Not():
            return f"SELECT contact_id FROM contacts EXCEPT ({_algebra(node.child)})"
        case AnyOf():
            return " UNION ALL ".join(f"({_algebra(child)})" for child in node.children)
        case AllOf():
            return _narrowed(node)


def _narrowed(node: AllOf) -> str:
    kept, away = [], []
    for child in node.children:
        match child:
            case Leaf(absent=True):
                away.append(child.postgres)
            case Not():
                away.append(_algebra(child.child))
            case _:
                kept.append(_algebra(child))
    kept = kept or ["SELECT contact_id FROM contacts"]
    return " EXCEPT ".join([f"({' INTERSECT '.join(f'({one})' for one in kept)})", *(f"({one})" for one in away)])
