"""The oracle's part about what contacts did: activities, visits, engagement."""


class BehaviourOracle:
    """Mixed into `tests.oracle.World`, whose `now`, `zone`, `inside` and `compare` it uses."""
