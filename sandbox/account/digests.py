"""CloudTrail's hourly digests: which files were delivered, chained and signed."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sandbox.account.buckets import ACCOUNT_ID, TRAIL_BUCKET, TRAIL_HOME, TRAIL_NAME
from sandbox.account.cloudtrail import TrailFile
from sandbox.account.period import HOUR, Period, iso, moment

_KEY_BITS = 2048
_EXPONENT = 65537
# Digests of a Region end at the same minute of every hour.
_ENDS_AT = {"us-east-1": 12 * 60 + 27, "eu-west-1": 41 * 60 + 3}
_SOONEST, _LATEST = 60, 240


@dataclass(frozen=True, slots=True)
class Listed:
    """A delivered log file as a digest lists it."""

    key: str
    sha256: str
    delivered_at: int
    oldest: int
    newest: int


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A Region's key pair; ListPublicKeys returns `public_der`."""

    private: rsa.RSAPrivateKey
    public_der: bytes
    fingerprint: str

    def sign(self, text: str) -> str:
        """Return the signature: RSA PKCS#1 v1.5 with SHA-256, in hex."""
        return self.private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()).hex()


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest file with the user metadata that holds its signature."""

    region: str
    key: str
    body: bytes
    metadata: dict[str, str]
    delivered_at: int


def listed(file: TrailFile) -> Listed:
    """Return a file as a digest lists it; the hash is that of the uncompressed content."""
    return Listed(
        file.key,
        hashlib.sha256(file.content).hexdigest(),
        file.delivered_at,
        file.oldest,
        file.newest,
    )


def digests(
    region: str, files: list[Listed], period: Period, seed: int, key: SigningKey
) -> Iterator[Digest]:
    """Yield the Region's chain: one digest an hour, even without files, until the period ends."""
    rng = random.Random(f"{seed}/digests/{region}")
    previous: tuple[str, bytes, str] | None = None
    for end in range(period.start + _ENDS_AT[region], period.end, HOUR):
        arrived = end + rng.randint(_SOONEST, _LATEST)
        if arrived >= period.end:
            return
        inside = [file for file in files if end - HOUR <= file.delivered_at < end]
        content = _content(region, end, inside, previous, key.fingerprint)
        signature = key.sign(string_to_sign(end, digest_key(region, end), content, previous))
        yield Digest(
            region=region,
            key=digest_key(region, end),
            body=gzip.compress(content, mtime=0),
            metadata={"signature": signature, "signature-algorithm": "SHA256withRSA"},
            delivered_at=arrived,
        )
        previous = (digest_key(region, end), content, signature)


def digest_key(region: str, end: int) -> str:
    """Return a digest's key; its path and name hold the end of the hour that it covers."""
    at = moment(end)
    return (
        f"AWSLogs/{ACCOUNT_ID}/CloudTrail-Digest/{region}/{at:%Y/%m/%d}/"
        f"{ACCOUNT_ID}_CloudTrail-Digest_{region}_{TRAIL_NAME}_{TRAIL_HOME}_"
        f"{at:%Y%m%dT%H%M%SZ}.json.gz"
    )


def string_to_sign(
    end: int, key: str, content: bytes, previous: tuple[str, bytes, str] | None
) -> str:
    """Return the four signed lines; in the first digest of a chain the last one is `null`."""
    return "\n".join(
        (
            iso(end),
            f"{TRAIL_BUCKET}/{key}",
            hashlib.sha256(content).hexdigest(),
            "null" if previous is None else previous[2],
        )
    )


def _content(
    region: str,
    end: int,
    files: list[Listed],
    previous: tuple[str, bytes, str] | None,
    fingerprint: str,
) -> bytes:
    fields: dict[str, Any] = {
        "awsAccountId": ACCOUNT_ID,
        "digestStartTime": iso(end - HOUR),
        "digestEndTime": iso(end),
        "digestS3Bucket": TRAIL_BUCKET,
        "digestS3Object": digest_key(region, end),
        "digestPublicKeyFingerprint": fingerprint,
        "digestSignatureAlgorithm": "SHA256withRSA",
        "newestEventTime": iso(max(f.newest for f in files)) if files else None,
        "oldestEventTime": iso(min(f.oldest for f in files)) if files else None,
        "previousDigestS3Bucket": TRAIL_BUCKET if previous else None,
        "previousDigestS3Object": previous[0] if previous else None,
        "previousDigestHashValue": hashlib.sha256(previous[1]).hexdigest() if previous else None,
        "previousDigestHashAlgorithm": "SHA-256" if previous else None,
        "previousDigestSignature": previous[2] if previous else None,
        "logFiles": [
            {
                "s3Bucket": TRAIL_BUCKET,
                "s3Object": file.key,
                "hashValue": file.sha256,
                "hashAlgorithm": "SHA-256",
                "newestEventTime": iso(file.newest),
                "oldestEventTime": iso(file.oldest),
            }
            for file in sorted(files, key=lambda file: (file.delivered_at, file.key))
        ],
    }
    return json.dumps(fields, separators=(",", ":")).encode()


@lru_cache(maxsize=16)
def signing_key(seed: int, region: str) -> SigningKey:
    """Return the Region's key, derived from the seed so that signatures repeat."""
    rng = random.Random(f"{seed}/key/{region}")
    p, q = _prime(rng), _prime(rng)
    d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    private = rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=rsa.rsa_crt_dmp1(d, p),
        dmq1=rsa.rsa_crt_dmq1(d, q),
        iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=rsa.RSAPublicNumbers(_EXPONENT, p * q),
    ).private_key()
    der = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.PKCS1
    )
    return SigningKey(private, der, hashlib.md5(der, usedforsecurity=False).hexdigest())


def _prime(rng: random.Random) -> int:
    """Return a prime of half the key's length; the product of two has the full length."""
    half = _KEY_BITS // 2
    while True:
        candidate = rng.getrandbits(half) | (3 << (half - 2)) | 1
        if (candidate - 1) % _EXPONENT and _is_prime(candidate):
            return candidate


_SMALL_PRIMES = [n for n in range(3, 2000, 2) if all(n % m for m in range(3, int(n**0.5) + 1, 2))]


def _is_prime(candidate: int) -> bool:
    # Fermat's test is enough: nobody chooses the candidates, and a bad key fails to load
    if any(candidate % small == 0 for small in _SMALL_PRIMES):
        return False
    return all(pow(base, candidate - 1, candidate) == 1 for base in (2, 3, 5, 7))
