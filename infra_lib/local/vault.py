"""What the store holds is sealed with a key that lies elsewhere: in the user's configuration folder, for the user alone."""

from __future__ import annotations

import hashlib
import hmac
import os
import sys
from pathlib import Path
from typing import Protocol

from infra_lib.errors import InputError

KEY_BYTES = 32
_NONCE_BYTES = 12


class Vault(Protocol):
    """Seals and opens what is stored, and signs what is handed out."""

    def seal(self, clear: bytes) -> bytes:
        """The bytes as they may be written."""
        ...

    def open(self, sealed: bytes) -> bytes:
        """The bytes as they were given to :meth:`seal`. Raises ValueError when they were sealed with another key."""
        ...

    def sign(self, message: bytes) -> str:
        """A keyed fingerprint of ``message``, hexadecimal."""
        ...


class MemoryVault:
    """For a store that lives in memory: nothing is written, so nothing is sealed; the signing key ends with the process."""

    def __init__(self) -> None:
        self._key = os.urandom(KEY_BYTES)

    def seal(self, clear: bytes) -> bytes:
        """The bytes, unchanged."""
        return clear

    def open(self, sealed: bytes) -> bytes:
        """The bytes, unchanged."""
        return sealed

    def sign(self, message: bytes) -> str:
        """HMAC-SHA256 under a key of this process."""
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()


class KeyVault:
    """AES-256-GCM under a key file, which is made with mode 0600 when it is missing."""

    def __init__(self, key_file: Path) -> None:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self.key_file = key_file
        key = _load_key(key_file)
        self._cipher = AESGCM(key)
        self._signing_key = hashlib.sha256(b"sign" + key).digest()
        self._invalid = InvalidTag

    def seal(self, clear: bytes) -> bytes:
        """The bytes encrypted and authenticated."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, clear, None)

    def open(self, sealed: bytes) -> bytes:
        """The bytes decrypted. Raises ValueError when the key is another one or the bytes were changed."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
        except self._invalid as error:
            raise ValueError(f"the key in {self.key_file} does not open this store") from error

    def sign(self, message: bytes) -> str:
        """HMAC-SHA256 under a key made from the key file's."""
        return hmac.new(self._signing_key, message, hashlib.sha256).hexdigest()


def configuration_folder() -> Path:
    """The user's configuration folder for this library: INFRA_CONFIG_HOME, or the platform's usual place."""
    chosen = os.environ.get("INFRA_CONFIG_HOME")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA", str(_home()))) / "infra-lib"
    if sys.platform == "darwin":
        return _home() / "Library" / "Application Support" / "infra-lib"
    return Path(os.environ.get("XDG_CONFIG_HOME") or _home() / ".config") / "infra-lib"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError as error:
        raise InputError("This user has no home folder: set INFRA_CONFIG_HOME to a folder that you can write to.") from error


def default_key_file() -> Path:
    """Where the key of this user's local stores lies."""
    return configuration_folder() / "local.key"


def _load_key(key_file: Path) -> bytes:
    """The key; made on first use. Raises InputError where it cannot be."""
    try:
        key = _read_or_make_key(key_file)
    except OSError as error:
        raise InputError(
            f"The key of the local target's stores cannot be kept in {key_file}: {error.strerror}. Set INFRA_CONFIG_HOME to a "
            "folder that you can write to."
        ) from error
    if len(key) != KEY_BYTES:
        raise InputError(f"{key_file} is not a key of {KEY_BYTES} bytes: move it away, and reset the local stores made with it.")
    return key


def _read_or_make_key(key_file: Path) -> bytes:
    """The key, made by whichever process comes first."""
    if not key_file.exists():
        key_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = key_file.with_name(f"{key_file.name}.{os.getpid()}.{os.urandom(4).hex()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, os.urandom(KEY_BYTES))
        finally:
            os.close(descriptor)
        try:
            os.link(draft, key_file)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return key_file.read_bytes()
