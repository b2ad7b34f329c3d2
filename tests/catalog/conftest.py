"""What the tests of the catalogue share: the stand-in for the event service."""

from service_stand_in import make, service

__all__ = ["make", "service"]
