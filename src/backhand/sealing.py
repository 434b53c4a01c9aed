"""
Secrets of API keys: where they come from, and how they rest in the journal.

A secret is needed in clear to check a signature, so it is sealed (AES-256-GCM) under a key that lives
beside the journal, never in it. A passphrase is only compared, so it is kept as a keyed hash. Promises
that nothing here prints or logs what it holds; a backup of a venue needs its key file.
"""

import hashlib
import hmac
import os
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_FILE_NAME: Final = "secrets.key"
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12

#: Letters and digits, as Bitget's passphrases are (8 to 32 of them, code 40070); base 32 of five bits each.
ALPHABET: Final = "abcdefghijkmnpqrstuvwxyz23456789"
API_KEY_LETTERS: Final = 32
SECRET_LETTERS: Final = 52
PASSPHRASE_LETTERS: Final = 26


class SealError(Exception):
    """A sealed secret cannot be opened: the key file is not the one it was sealed under."""


class KeyFileInvalid(SealError):
    """The key file exists and is not a key."""


class Credentials:
    """What the holder of a new API key is told, once."""

    __slots__ = ("api_key", "passphrase", "secret")

    def __init__(self, api_key: str, secret: str, passphrase: str) -> None:
        self.api_key = api_key
        self.secret = secret
        self.passphrase = passphrase

    def __repr__(self) -> str:
        return f"Credentials(api_key={self.api_key!r})"


class SealedCredentials:
    """The same key as the journal keeps it."""

    __slots__ = ("passphrase_hash", "sealed_secret")

    def __init__(self, sealed_secret: bytes, passphrase_hash: bytes) -> None:
        self.sealed_secret = sealed_secret
        self.passphrase_hash = passphrase_hash


class CredentialSource(Protocol):
    """Where new keys come from."""

    def issue(self, counter: int) -> Credentials:
        """Make the credentials of the venue's key number `counter`."""


class Sealer:
    """Seals secrets and hashes passphrases under one key."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise KeyFileInvalid(f"a sealing key has {KEY_BYTES} bytes")
        self._aead = AESGCM(hmac.digest(key, b"backhand secret", "sha256"))
        self._nonce_key = hmac.digest(key, b"backhand nonce", "sha256")
        self._passphrase_key = hmac.digest(key, b"backhand passphrase", "sha256")
        #: What quotes are made with: those of a folder survive a restart.
        self.quote_key = hmac.digest(key, b"backhand quote", "sha256")

    def seal(self, api_key: str, secret: str) -> bytes:
        """
        Seal a secret; it can be opened only for the same `api_key`.

        The nonce is made of what is sealed, so that equal sessions write equal journals. It comes again only
        for the same secret of the same key, which then has the same seal, and that tells nothing.
        """
        text = api_key.encode() + b"\0" + secret.encode()
        nonce = hmac.digest(self._nonce_key, text, "sha256")[:NONCE_BYTES]
        return nonce + self._aead.encrypt(nonce, secret.encode(), api_key.encode())

    def seal_credentials(self, credentials: Credentials) -> SealedCredentials:
        """Make what the journal keeps of a new key."""
        api_key = credentials.api_key
        return SealedCredentials(
            self.seal(api_key, credentials.secret),
            self.passphrase_hash(api_key, credentials.passphrase.encode()),
        )

    def open(self, api_key: str, sealed_secret: bytes) -> bytes:
        """
        Give back a sealed secret.

        Raises:
            SealError: sealed under another key, for another `api_key`, or damaged.
        """
        nonce, ciphertext = sealed_secret[:NONCE_BYTES], sealed_secret[NONCE_BYTES:]
        try:
            return self._aead.decrypt(nonce, ciphertext, api_key.encode())
        except (InvalidTag, ValueError):
            raise SealError("a sealed secret does not open with this venue's key file") from None

    def passphrase_hash(self, api_key: str, passphrase: bytes) -> bytes:
        """Hash a passphrase for keeping and comparing; equal passphrases of two keys hash differently."""
        text = api_key.encode() + b"\0" + passphrase
        return hashlib.blake2b(text, key=self._passphrase_key, digest_size=32).digest()


class RandomCredentials:
    """New keys from the operating system's randomness."""

    def issue(self, counter: int) -> Credentials:
        """Make credentials; `counter` does not matter."""
        del counter
        return Credentials(
            "bh_" + _letters(os.urandom(API_KEY_LETTERS)),
            _letters(os.urandom(SECRET_LETTERS)),
            _letters(os.urandom(PASSPHRASE_LETTERS)),
        )


class SeededCredentials:
    """The same keys in every run with the same seed: for tests, not for money."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def issue(self, counter: int) -> Credentials:
        """Make the credentials number `counter`, the count of keys that the venue has."""
        return Credentials(
            "bh_" + self._derive("api_key", counter, API_KEY_LETTERS),
            self._derive("secret", counter, SECRET_LETTERS),
            self._derive("passphrase", counter, PASSPHRASE_LETTERS),
        )

    def _derive(self, purpose: str, counter: int, letters: int) -> str:
        text = f"backhand {purpose} {self._seed} {counter}".encode()
        return _letters(hashlib.blake2b(text, digest_size=letters).digest())


def new_key(seed: int | None) -> bytes:
    """Make a sealing key: of the seed, as the secrets that it seals then are, else by chance."""
    if seed is None:
        return os.urandom(KEY_BYTES)
    return hashlib.blake2b(f"backhand key {seed}".encode(), digest_size=KEY_BYTES).digest()


def key_of_folder(folder: Path, seed: int | None) -> bytes:
    """
    Read the key file of a data folder, or make it with `new_key`, readable by its owner only.

    The file is complete and on disk before this returns: a secret sealed under a key that was lost
    could never be opened again.

    Raises:
        KeyFileInvalid: there is a file and it does not hold a key.
    """
    path = folder / KEY_FILE_NAME
    if not path.exists():
        write_private_file(path, new_key(seed))
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise KeyFileInvalid(f"{path} does not hold a sealing key of {KEY_BYTES} bytes")
    return key


def write_private_file(path: Path, content: bytes) -> None:
    """Make a file that only its owner reads; it has all its content, durably, or it is not there."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _letters(source: bytes) -> str:
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in source)
