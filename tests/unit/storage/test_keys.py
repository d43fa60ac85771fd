from __future__ import annotations

import inspect
from pathlib import Path

from clarion.storage import keys
from clarion.storage.script import all_scripts, script

DOCUMENT = (Path(keys.__file__).parents[2] / "docs" / "redis_keys.md").read_text()
FUNCTIONS = {
    name: function for name, function in inspect.getmembers(keys, inspect.isfunction) if not name.endswith("_prefix")
}


def test_every_key_is_documented():
    assert {name for name in FUNCTIONS if f"`{name}`" not in DOCUMENT} == set()


def test_keys_of_one_message_share_a_hash_tag():
    of_a_message = (keys.message, keys.books, keys.codes, keys.chunks, keys.waiting, keys.leased, keys.shards)
    assert {key("message:1").split("}")[0] for key in of_a_message} == {"clarion:{message:1"}


def test_keys_of_one_chunk_share_a_hash_tag():
    of_a_chunk = (keys.records, keys.expirations, keys.removed, keys.removed_at, keys.strikes)
    names = (keys.index("a", 7, "os:IOS"), *(key("a", 7) for key in of_a_chunk))
    assert {name.split("}")[0] for name in names} == {"clarion:{a:c7"}


def test_no_two_functions_make_the_same_key():
    made = [function(*("7" for _ in inspect.signature(function).parameters)) for function in FUNCTIONS.values()]
    assert len(set(made)) == len(made)


def test_every_script_reads_its_includes():
    assert all("--#include" not in lua.text for lua in all_scripts())
    assert "local MESSAGE" in script("accept").text
