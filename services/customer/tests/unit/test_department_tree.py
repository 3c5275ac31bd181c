"""The department tree: a path always tells the truth, and no department lies below itself."""

from contextlib import suppress
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kehu_customer.departments.errors import DepartmentCycle
from kehu_customer.departments.models import Department


def a_department(parent: Department | None = None) -> Department:
    department = Department(id=uuid4(), code="D", name="销售部")
    department.place(parent)
    return department


def move(tree: list[Department], moved: Department, parent: Department | None) -> None:
    """Move a department as the service does: place it, then let all below it follow."""
    below = [other for other in tree if moved.id in other.path and other is not moved]
    moved.place(parent)
    for department in below:
        department.follow(moved)


def path_by_parents(tree: list[Department], department: Department) -> list[UUID]:
    by_id = {other.id: other for other in tree}
    path = [department.id]
    while department.parent_id is not None:
        department = by_id[department.parent_id]
        assert department.id not in path, "a circle"
        path.insert(0, department.id)
    return path


class TestPlace:
    def test_at_the_root(self) -> None:
        root = a_department()
        assert (root.parent_id, root.path) == (None, [root.id])

    def test_below_another(self) -> None:
        root = a_department()
        child = a_department(root)
        assert (child.parent_id, child.path) == (root.id, [root.id, child.id])

    def test_below_itself(self) -> None:
        department = a_department()
        with pytest.raises(DepartmentCycle):
            department.place(department)

    def test_below_a_grandchild(self) -> None:
        root = a_department()
        grandchild = a_department(a_department(root))
        with pytest.raises(DepartmentCycle):
            root.place(grandchild)
        assert root.path == [root.id]


class TestFollow:
    def test_keeps_the_part_below_the_moved_one(self) -> None:
        root, other = a_department(), a_department()
        moved = a_department(root)
        child = a_department(moved)
        grandchild = a_department(child)
        move([root, other, moved, child, grandchild], moved, other)
        assert grandchild.path == [other.id, moved.id, child.id, grandchild.id]


@given(
    parents=st.lists(st.integers(0, 11), min_size=1, max_size=12),
    moves=st.lists(st.tuples(st.integers(0, 11), st.none() | st.integers(0, 11)), max_size=20),
)
@settings(max_examples=200, deadline=None)
def test_any_moves_leave_a_tree_with_true_paths(
    parents: list[int], moves: list[tuple[int, int | None]]
) -> None:
    tree: list[Department] = []
    for parent in parents:
        tree.append(a_department(tree[parent % len(tree)] if tree else None))
    for moved, parent_of_moved in moves:
        goal = None if parent_of_moved is None else tree[parent_of_moved % len(tree)]
        with suppress(DepartmentCycle):
            move(tree, tree[moved % len(tree)], goal)
        for department in tree:
            assert department.path == path_by_parents(tree, department)
