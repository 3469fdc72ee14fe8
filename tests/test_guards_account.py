"""Nothing of a deleted account stays, also of work that was under way in it."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from accounts.models import Account
from accounts.services import delete_account
from tests.support.accounts import bare_account


@pytest.fixture
def fresh(committed: Any, account: Any, settings: Any, tmp_path: Path) -> Account:
    settings.VAR, settings.MEDIA_ROOT = tmp_path, tmp_path / "files"
    connection.set_schema_to_public()
    return bare_account("fresh")


def test_files_written_until_the_schema_goes_are_removed(fresh: Account, tmp_path: Path, monkeypatch: Any) -> None:
    folder = tmp_path / "files" / "fresh"
    drop = Account.delete

    def while_an_export_runs(self: Account, *args: Any, **more: Any) -> Any:
        (folder / "exports").mkdir(parents=True, exist_ok=True)
        (folder / "exports" / "a.part").write_text("personal data")
        return drop(self, *args, **more)

    monkeypatch.setattr(Account, "delete", while_an_export_runs)
    delete_account(fresh)
    assert not folder.exists()
    assert not Account.objects.filter(schema_name="fresh").exists()


def test_folders_that_do_not_go_keep_the_account_for_the_next_try(
    fresh: Account, tmp_path: Path, monkeypatch: Any
) -> None:
    folder = tmp_path / "files" / "fresh"
    folder.mkdir(parents=True)

    def busy(_folder: Path) -> None:
        raise OSError("busy")

    with monkeypatch.context() as patch:
        patch.setattr("accounts.services.shutil.rmtree", busy)
        with pytest.raises(OSError, match="busy"):
            delete_account(fresh)
    delete_account(Account.objects.get(schema_name="fresh"))
    assert not folder.exists()
