"""scripts/environment.py: what it says on machines that can't run us."""

import ast
import os
import shutil
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from config.embedded.folders import BASE

SCRIPT = BASE / "scripts/environment.py"


@pytest.fixture
def script():
    spec = spec_from_file_location("environment_script", SCRIPT)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def clone(tmp_path) -> Path:
    """What the script needs of a fresh clone."""
    shutil.copytree(BASE / "requirements", tmp_path / "requirements")
    (tmp_path / "scripts").mkdir()
    shutil.copy(SCRIPT, tmp_path / "scripts")
    return tmp_path


def test_old_pythons_can_read_as_far_as_the_sentence():
    ast.parse(SCRIPT.read_text(), feature_version=(3, 7))


def test_an_old_python_is_refused(script, monkeypatch):
    monkeypatch.setattr(script.sys, "version_info", (3, 9, 2))
    with pytest.raises(script.RefusedError, match=r"Python 3\.11 or newer is needed; this is 3\.9\."):
        script.require_machine()


def test_too_little_room_is_refused(script, monkeypatch):
    monkeypatch.setattr(script, "NEEDED", 1 << 60)
    with pytest.raises(script.RefusedError, match="Too little disk space"):
        script.require_room()


def test_a_folder_of_somebody_else_is_refused(script, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(script.RefusedError, match="No permission to write"):
        script.require_machine()


def test_without_a_registry_it_says_so_in_one_sentence(clone):
    nowhere = os.environ | {
        "PIP_INDEX_URL": "http://127.0.0.1:1/",
        "PIP_RETRIES": "0",
        "UV_INDEX_URL": "http://127.0.0.1:1/",
    }
    ended = subprocess.run(
        [sys.executable, "scripts/environment.py", "base"],
        cwd=clone,
        env=nowhere,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "could not be installed" in ended.stderr
    assert not (clone / ".venv/sito-installed").exists()


def test_every_locked_package_has_a_hash():
    for name in ("base", "dev", "e2e", "uv"):
        lines = (BASE / f"requirements/{name}.txt").read_text().replace("\\\n", " ").splitlines()
        packages = [line for line in lines if line and not line.startswith("#")]
        assert packages
        assert [line for line in packages if "==" not in line or "--hash=sha256:" not in line] == []
