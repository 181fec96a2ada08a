"""Every rule is one file, listed, explained, and can be added by following the page."""

from __future__ import annotations

import importlib
import inspect
import runpy
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from house_checks import ROOT, modules, python_blocks

from policies import catalogue
from policies.facts import DeliveryFacts, GroupState, MemberState
from policies.verdict import Drop, Hold, Pass, Reason, fold

NOT_RULES = {
    *("__init__", "boundaries", "catalogue", "facts", "pseudonym", "reserved", "schedule"),
    *("verdict", "windows"),
}
RULES = sorted(p.stem for p in (ROOT / "policies").glob("*.py") if p.stem not in NOT_RULES)
PAGE = ROOT / "docs" / "adding-a-policy.md"


@pytest.mark.parametrize("name", RULES)
def test_a_rule_is_a_file_with_one_explained_function(name: str) -> None:
    """The function is called like its file, is listed once, and explains itself by an example."""
    module = importlib.import_module(f"policies.{name}")
    rule = getattr(module, name)
    listed = [*catalogue.POST, *catalogue.DELIVERY]
    assert listed.count(rule) == 1
    own = inspect.getmembers(
        module, lambda it: inspect.isfunction(it) and it.__module__ == module.__name__
    )
    assert [function for function, _ in own] == [name]
    explained = inspect.getdoc(rule) or ""
    assert "Example:" in explained
    assert module.__doc__


@pytest.mark.parametrize("rules", [catalogue.POST, catalogue.DELIVERY], ids=["POST", "DELIVERY"])
def test_lists_are_alphabetical(rules: tuple[object, ...]) -> None:
    """The order of a list means nothing, so that nobody reads a meaning into it."""
    names = [getattr(rule, "__name__", "") for rule in rules]
    assert names == sorted(names)


def test_every_reason_is_given_by_somebody() -> None:
    """The closed set of reasons has no word that no rule and no part of the engine says."""
    sources = "".join(path.read_text(encoding="utf-8") for path in modules().values())
    assert [reason.name for reason in Reason if f"Reason.{reason.name}" not in sources] == []


def test_the_page_on_adding_a_policy_can_be_followed(tmp_path: Path) -> None:
    """The rule on the page, copied literally, runs, passes its own test, and joins the others."""
    rule_text, test_text = python_blocks(PAGE.read_text(encoding="utf-8"))
    file = tmp_path / "sunday_rest.py"
    file.write_text(rule_text, encoding="utf-8")
    rule = runpy.run_path(str(file))["sunday_rest"]
    test = test_text.replace("from policies.sunday_rest import sunday_rest\n", "")
    namespace = {"sunday_rest": rule}
    exec(compile(test, str(PAGE), "exec"), namespace)
    tests = [made for name, made in namespace.items() if name.startswith("test_")]
    assert tests
    for made in tests:
        made()

    sunday = datetime(2026, 1, 18, 12, 0, tzinfo=UTC)
    facts = DeliveryFacts(
        group=GroupState.OPEN,
        reader=MemberState.ACTIVE,
        notice=False,
        expires=sunday + timedelta(days=3),
        quiet=(),
    )
    rules = sorted((*catalogue.DELIVERY, rule), key=lambda each: each.__name__)
    assert fold(each(facts, sunday) for each in catalogue.DELIVERY) == Pass()
    assert isinstance(fold(each(facts, sunday) for each in rules), Hold)
    assert isinstance(fold(each(facts, facts.expires) for each in rules), Drop)
