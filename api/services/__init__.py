"""Everything that writes about keys of the API."""

from api.services.keys import KeyRefusedError, Made, create_key, revoke_key

__all__ = ["KeyRefusedError", "Made", "create_key", "revoke_key"]
