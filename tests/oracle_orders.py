"""The oracle's part about what contacts bought: orders, lines, RFM, spenders."""


class OrdersOracle:
    """Mixed into `tests.oracle.World`, whose `now`, `zone`, `inside` and `compare` it uses."""
