"""What accounts of the network signal have given: keyed fingerprints, in tables that all of them share.

Nothing here is read but by `pool.services`, which answers with yes and no alone (docs/network-signal.md).
"""

from django.db import models

from accounts.models import Account

DIGEST = 16  # bytes kept of each HMAC: of 100 million, two are alike once in 10^22


class Participant(models.Model):
    """An account that takes part. Off deletes it: whoever comes again is another one, who waits again."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField()
    round = models.BigIntegerField(default=0)  # the last in which it gave anything

    def __str__(self) -> str:
        return f"since {self.since}"


class Entry(models.Model):
    """One address that a participant gave in a round, as the fingerprint of that round."""

    pk = models.CompositePrimaryKey("participant_id", "round", "digest")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="+", db_index=False)
    round = models.BigIntegerField()
    digest = models.BinaryField(max_length=DIGEST)

    class Meta:
        # Who else gave an address of a round is an index-only scan.
        indexes = [models.Index(fields=["round", "digest", "participant"], name="pool_by_digest")]

    def __str__(self) -> str:
        return f"round {self.round}"


class Given(models.Model):
    """That a participant has given all it has in a round, and how many addresses that were."""

    pk = models.CompositePrimaryKey("participant_id", "round")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="+", db_index=False)
    round = models.BigIntegerField()
    addresses = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"round {self.round}: {self.addresses}"


class Round(models.Model):
    """A round that somebody has given into, or asked about. Once it is `over`, nobody adds to it any more."""

    number = models.BigIntegerField(primary_key=True)
    over = models.BooleanField()

    def __str__(self) -> str:
        return f"round {self.number}{': over' if self.over else ''}"
