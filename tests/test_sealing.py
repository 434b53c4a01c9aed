import stat
from pathlib import Path

import pytest

from backhand.sealing import (
    NONCE_BYTES,
    Credentials,
    KeyFileInvalid,
    RandomCredentials,
    Sealer,
    SealError,
    SeededCredentials,
    key_of_folder,
    new_key,
)

KEY = bytes(range(32))


def test_sealed_secret_opens_with_its_key_and_for_its_api_key_only() -> None:
    """A seal holds the secret, does not show it, and fits one key file and one API key."""
    sealed = Sealer(KEY).seal("key", "the secret")
    assert b"the secret" == Sealer(KEY).open("key", sealed)
    assert b"the secret" not in sealed
    for sealer, api_key, text in (
        (Sealer(bytes(32)), "key", sealed),
        (Sealer(KEY), "other", sealed),
        (Sealer(KEY), "key", sealed[:-1]),
        (Sealer(KEY), "key", b""),
    ):
        with pytest.raises(SealError):
            sealer.open(api_key, text)


def test_passphrase_hash_depends_on_key_file_api_key_and_passphrase() -> None:
    """Equal passphrases hash alike only for one API key under one key file."""
    hashed = Sealer(KEY).passphrase_hash("key", b"pass")
    assert hashed == Sealer(KEY).passphrase_hash("key", b"pass")
    others = [
        Sealer(KEY).passphrase_hash("key", b"Pass"),
        Sealer(KEY).passphrase_hash("yek", b"pass"),
        Sealer(bytes(32)).passphrase_hash("key", b"pass"),
    ]
    assert 4 == len({hashed, *others})


def test_seeded_credentials_are_equal_for_equal_seed_and_counter() -> None:
    """With a seed keys are a function of seed and counter; without one they are not."""
    first = SeededCredentials(7).issue(0)
    again = SeededCredentials(7).issue(0)
    assert (first.api_key, first.secret, first.passphrase) == (again.api_key, again.secret, again.passphrase)
    assert 3 == len({SeededCredentials(seed).issue(count).secret for seed, count in ((7, 0), (7, 1), (8, 0))})
    assert RandomCredentials().issue(0).secret != RandomCredentials().issue(0).secret


def test_credentials_do_not_show_their_secrets() -> None:
    """What ends up in a log by accident names the key only."""
    assert "Credentials(api_key='k')" == repr(Credentials("k", "secret", "passphrase"))


def test_key_file_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    """The key of a folder is stable, random and private."""
    key = key_of_folder(tmp_path, None)
    assert key == key_of_folder(tmp_path, None)
    (file,) = tmp_path.iterdir()
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    other = tmp_path / "other"
    other.mkdir()
    assert key != key_of_folder(other, None)


def test_the_key_of_a_seeded_folder_is_the_seeds_and_stays(tmp_path: Path) -> None:
    """Equal seeds make equal keys; a key that is there is kept whatever seed comes with it later."""
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
    assert key_of_folder(one, 7) == key_of_folder(other, 7) == new_key(7)
    assert new_key(7) == key_of_folder(one, 8) == key_of_folder(one, None)
    assert 3 == len({new_key(7), new_key(8), new_key(None)})


def test_a_seal_is_the_same_for_the_same_secret_only() -> None:
    """Equal journals need equal seals; of another secret, API key or sealing key the nonce is another."""
    sealed = Sealer(KEY).seal("key", "the secret")
    assert sealed == Sealer(KEY).seal("key", "the secret")
    others = [
        Sealer(KEY).seal("key", "The secret"),
        Sealer(KEY).seal("kez", "the secret"),
        Sealer(bytes(32)).seal("key", "the secret"),
    ]
    assert 4 == len({one[:NONCE_BYTES] for one in (sealed, *others)})


def test_key_file_of_another_length_is_refused(tmp_path: Path) -> None:
    """A file that was cut short is not taken for a key, and not replaced."""
    key_of_folder(tmp_path, None)
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"short")
    with pytest.raises(KeyFileInvalid):
        key_of_folder(tmp_path, None)
    assert b"short" == file.read_bytes()
