"""Certificates for the verifiers: honest ones with all that belongs to them, and each altered in one place.

Everything comes in the same order and under the same names in every process.
"""

from tests.verifier.honest import Case, at_random, honest, named, small
from tests.verifier.tampering import tampered

__all__ = ["Case", "at_random", "honest", "named", "small", "tampered"]
