"""The bundle for Databricks against the code it names and the SDK's own picture of what a workspace takes.

Nothing here was deployed: a key that the SDK knows may still mean something else to Databricks.
"""

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from databricks.sdk.service import catalog, sql
from databricks.sdk.service.jobs import JobSettings

from cli.docs import bundle_files
from headrace.contracts.load import domain_folder, domains_found
from headrace.engines import JobName, package
from headrace.engines.package import Package
from headrace.errors import UsageError
from headrace.lake.paths import LAYERS
from headrace.settings import Settings

HOME = Path(__file__).parents[2] / "infra" / "databricks"
BUNDLE = yaml.safe_load((HOME / "databricks.yml").read_text())
TARGETS = sorted(BUNDLE["targets"])
DOMAINS = [name for name in domains_found() if (HOME.parents[1] / "domains" / name).is_dir()]
REFERENCE = re.compile(r"\$\{([a-z_.]+)\}")
PACKAGE = Package(
    "s3a://a/code/run.py", "s3a://a/code/code.zip", "s3a://a/code/needs.tar.gz", (), "databricks"
)
SETTINGS = Settings(
    engine="databricks", lake_url="s3://lake", landing_url="s3://landing", artifacts_url="s3://a",
    kafka_security="iam",
)  # fmt: skip
GIVEN = {**package.bundle_variables(PACKAGE, SETTINGS), "storage_credential": "lake"}


def resolved(value: Any, target: str) -> Any:
    """With variables and references as the target has them."""
    if isinstance(value, dict):
        return {name: resolved(each, target) for name, each in value.items()}
    if isinstance(value, list):
        return [resolved(each, target) for each in value]
    if not isinstance(value, str):
        return value
    whole = REFERENCE.fullmatch(value)
    if whole:
        return meant_by(whole[1], target)
    return REFERENCE.sub(lambda found: str(meant_by(found[1], target)), value)


def meant_by(path: str, target: str) -> Any:
    kind, _, rest = path.partition(".")
    if kind == "var":
        set_here = BUNDLE["targets"][target].get("variables", {})
        declared = BUNDLE["variables"][rest]
        return resolved(set_here.get(rest, GIVEN.get(rest, declared.get("default"))), target)
    if kind == "resources":
        group, name, key = rest.split(".")
        found = resources()[group][name]
        return f"id of {name}" if key == "id" else resolved(found[key], target)
    return f"<{path}>"


def resources() -> dict[str, dict[str, Any]]:
    merged: dict[str, dict[str, Any]] = {}
    files = [HOME / "databricks.yml", *sorted(HOME.glob(BUNDLE["include"][0]))]
    for file in files:
        for group, named in yaml.safe_load(file.read_text())["resources"].items():
            assert not set(named) & set(merged.get(group, {})), "a name is used twice"
            merged.setdefault(group, {}).update(named)
    return merged


def jobs(target: str) -> dict[str, Any]:
    found: dict[str, Any] = resolved(resources()["jobs"], target)
    return found


def programs(target: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """What each task of ours is told, all its words together."""
    for name, job in jobs(target).items():
        for task in job["tasks"]:
            if "spark_python_task" in task:
                words: dict[str, Any] = {}
                for word in task["spark_python_task"]["parameters"]:
                    words |= json.loads(word)
                yield f"{name}.{task['task_key']}", words


def without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_empty(each) for name, each in value.items() if each != []}
    return [without_empty(each) for each in value] if isinstance(value, list) else value


def test_every_variable_is_described_and_every_one_that_is_used_is_declared() -> None:
    assert [name for name, each in BUNDLE["variables"].items() if not each.get("description")] == []
    texts = [file.read_text() for file in HOME.rglob("*.yml")]
    used = set(re.findall(r"\$\{var\.([a-z_]+)\}", "".join(texts)))
    assert used == set(BUNDLE["variables"])
    assert set(package.bundle_variables(PACKAGE, SETTINGS)) <= set(BUNDLE["variables"])
    for target in BUNDLE["targets"].values():
        assert set(target.get("variables", {})) <= set(BUNDLE["variables"])


def test_what_is_generated_is_current() -> None:
    stale = [name for name, text in bundle_files().items() if (HOME / name).read_text() != text]
    made = {*HOME.glob("resources/*.yml"), *HOME.glob("queries/*/*.sql")}
    assert stale == [], "run: make docs"
    assert {str(file.relative_to(HOME)) for file in made} == set(bundle_files())


@pytest.mark.parametrize("target", TARGETS)
def test_jobs_are_what_a_workspace_takes(target: str) -> None:
    """The SDK drops what it does not know."""
    for name, job in jobs(target).items():
        assert JobSettings.from_dict(job).as_dict() == without_empty(job), name


@pytest.mark.parametrize("target", TARGETS)
def test_so_are_catalogs_schemas_locations_and_warehouses(target: str) -> None:
    made_by = {
        "catalogs": catalog.CatalogsAPI.create,
        "schemas": catalog.SchemasAPI.create,
        "external_locations": catalog.ExternalLocationsAPI.create,
        "sql_warehouses": sql.WarehousesAPI.create,
    }
    for group, call in made_by.items():
        for name, found in resolved(resources()[group], target).items():
            assert set(found) - {"grants", "permissions"} <= set(inspect.signature(call).parameters), name
            for grant in found.get("grants", []):
                assert catalog.PrivilegeAssignment.from_dict(grant).as_dict() == grant


@pytest.mark.parametrize("target", TARGETS)
def test_every_program_names_jobs_domains_and_settings_that_exist(target: str) -> None:
    found = dict(programs(target))
    for told in found.values():
        names = {
            name.removeprefix("HEADRACE_").lower()
            for name in told["settings"]
            if name.startswith("HEADRACE_")
        }
        assert names <= set(Settings.model_fields)
        assert told["archives"] == [PACKAGE.code, PACKAGE.needs]
        assert told["result"].startswith("s3a://a/results/bundle/{{job.run_id}}/")
        if told["kind"] == "standing":
            assert told["domain"] in DOMAINS
            continue
        for job in told["jobs"]:
            assert set(job) <= {"name", "domain", "options"}
            assert job["name"] in get_args(JobName)
            assert job["domain"] in DOMAINS
            assert {
                job.get("options", {}).get("layer", "gold"),
                *job.get("options", {}).get("layers", []),
            } <= set(LAYERS)
    for domain in DOMAINS:
        wanted = (
            "generate.generate",
            "refine.bronze",
            "refine.silver",
            "refine.gold",
            "gold.gold",
            "maintain.maintain",
        )
        assert {f"{domain}_{name}" for name in (*wanted, "standing.standing")} <= set(found)


def test_a_scan_that_fails_ends_its_task_and_no_layer_goes_before_the_one_below() -> None:
    """Nobody judges results here, as flows do."""
    scans = [
        job
        for _, told in programs("prod")
        for job in told.get("jobs", [])
        if job["name"] in ("scan", "receipt")
    ]
    assert scans
    assert all(job["options"]["strict"] for job in scans)
    for domain in DOMAINS:
        above = {
            each["task_key"]: each.get("depends_on", []) for each in jobs("prod")[f"{domain}_refine"]["tasks"]
        }
        assert above["silver"] == [{"task_key": "bronze"}]
        assert above["gold"] == [{"task_key": "silver"}]
        assert above["settled"] == [{"task_key": "gold"}]


@pytest.mark.parametrize("domain", DOMAINS)
def test_readers_see_silver_and_gold_and_nothing_else(domain: str) -> None:
    found = resolved(resources(), "prod")
    granted = {
        each["name"]: {grant["principal"]: grant["privileges"] for grant in each["grants"]}
        for name, each in found["schemas"].items()
        if name.startswith(f"{domain}_")
    }
    reader = BUNDLE["variables"]["readers"]["default"]
    assert set(granted) == set(LAYERS)
    assert [layer for layer in LAYERS if reader in granted[layer]] == ["silver", "gold"]
    assert granted["gold"][reader] == ["USE_SCHEMA", "SELECT"]
    assert all(each["comment"] for group in ("catalogs", "schemas") for each in found[group].values())
    assert not any(grant["principal"] == reader for grant in found["external_locations"]["lake"]["grants"])


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_catalog_has_a_place_of_its_own_beside_our_tables(domain: str) -> None:
    """Not every metastore has one for it, and none may hold tables that lie elsewhere."""
    place = resolved(resources(), "dev")["catalogs"][domain]["storage_root"]
    assert place == f"s3://lake/_managed/{domain}"
    assert not place.startswith(f"s3://lake/{domain}/")


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_query_of_a_domain_is_asked_of_the_warehouse(domain: str) -> None:
    asked = jobs("dev")[f"{domain}_questions"]["tasks"]
    files = [(HOME / "resources" / each["sql_task"]["file"]["path"]).resolve() for each in asked]
    assert all(file.is_file() for file in files)
    assert {file.stem for file in files} == {
        file.stem for file in (domain_folder(domain) / "queries").glob("*.sql")
    }
    assert {each["sql_task"]["parameters"]["catalog"] for each in asked} == {f"dev_{domain}"}


def test_who_has_no_prefect_decides_that_databricks_keeps_the_time() -> None:
    timed = [job[key] for job in jobs("prod").values() for key in ("schedule", "continuous") if key in job]
    assert len(timed) == 4 * len(DOMAINS)
    assert {each["pause_status"] for each in timed} == {"PAUSED"}


def test_what_the_bundle_is_told_lies_where_databricks_looks(tmp_path: Path) -> None:
    file = package.told_to_bundle("dev", PACKAGE, SETTINGS, tmp_path)
    assert file == tmp_path / ".databricks" / "bundle" / "dev" / "variable-overrides.json"
    told = json.loads(file.read_text())
    assert told["entry"] == "s3://a/code/run.py"
    assert json.loads(told["told"])["settings"]["HEADRACE_SPARK"] == "databricks"
    with pytest.raises(UsageError, match="HEADRACE_ENGINE=databricks"):
        package.told_to_bundle("dev", PACKAGE, SETTINGS.model_copy(update={"engine": "emr"}), tmp_path)
