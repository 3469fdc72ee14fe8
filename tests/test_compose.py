"""docker-compose.yml and the Dockerfile name only what exists. (They are run where there is an engine.)"""

import re
from functools import cache
from typing import Any

import pytest
import yaml
from django.core.management import get_commands, load_command_class
from django.utils.module_loading import import_string

from config.embedded.folders import BASE


@cache
def compose() -> dict[str, Any]:
    return yaml.safe_load((BASE / "docker-compose.yml").read_text())


@cache
def dockerfile() -> str:
    return (BASE / "Dockerfile").read_text()


OURS = ("migrate", "web", "worker", "beat")


def test_one_dockerfile_serves_all_our_processes():
    services = compose()["services"]
    assert set(services) == {"postgres", "valkey", *OURS}
    assert {(services[name]["build"], services[name]["image"]) for name in OURS} == {(".", "sito")}


@pytest.mark.parametrize("name", ["postgres", "valkey", "web", "worker", "beat"])
def test_what_keeps_running_is_watched(name):
    assert compose()["services"][name]["healthcheck"]["test"]
    assert compose()["services"][name]["restart"] == "unless-stopped"


def test_commands_exist():
    services = compose()["services"]
    assert services["migrate"]["command"][2] in get_commands()
    for name in ("worker", "beat"):
        program, _, app, what = services[name]["command"][:4]
        assert (program, what) == ("celery", name)
        import_string(app.replace(":", "."))
    module = re.search(r'CMD \["gunicorn", "([\w.]+)"', dockerfile())[1]
    assert import_string(f"{module}.application")


def test_options_of_our_commands_exist():
    lines = re.findall(r"^python manage\.py ([^#\n]+)", (BASE / "docs/operations.md").read_text(), re.MULTILINE)
    told = [line.split() for line in lines] + [compose()["services"]["migrate"]["command"][2:]]
    assert {command for command, *_ in told} == {"migrate_schemas", "collectstatic"}
    for command, *options in told:
        made = load_command_class(get_commands()[command], command)
        made.create_parser("manage.py", command).parse_args(options)


def test_addresses_name_the_services_beside():
    environment = compose()["services"]["web"]["environment"]
    for variable in ("DATABASE_URL", "REDIS_URL"):
        host = re.search(r"@(\w+):", environment[variable])[1]
        assert host in compose()["services"]


def test_every_variable_is_in_the_sample():
    sample = (BASE / ".env.example").read_text()
    for name in re.findall(r"\$\{(\w+)", (BASE / "docker-compose.yml").read_text()):
        assert re.search(rf"^{name}=", sample, re.MULTILINE), name


def test_volumes_and_mounts_exist():
    for service in compose()["services"].values():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            assert source in compose()["volumes"] or (BASE / source).exists(), mount


def test_files_copied_into_the_image_exist_and_are_not_ignored():
    ignored = (BASE / ".dockerignore").read_text().split()
    for line in re.findall(r"^COPY (.+) \S+$", dockerfile(), re.MULTILINE):
        for source in line.split():
            assert (BASE / source).exists()
            assert source not in ignored


def test_the_image_does_not_run_as_root():
    assert re.search(r"^USER sito$", dockerfile(), re.MULTILINE)
    assert dockerfile().index("USER sito") < dockerfile().index("CMD")
