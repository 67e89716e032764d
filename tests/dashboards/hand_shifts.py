"""The facts of `three_shifts` as a person reads them off the clock and the counters, and the ratios of ISO 22400 by hand.

Nothing here asks the database. Minutes of time, pieces of parts; a part is planned to take 30 s.
"""

from dataclasses import dataclass

PLANNED_MIN_PER_PART = 0.5


@dataclass(frozen=True, slots=True)
class Sums:
    """Of one shift or of several: planned busy time and what became of it, parts made and what was not good of them."""

    busy: int
    producing: int
    setup: int
    unplanned: int
    blocked: int
    unexplained: int
    made: int
    scrap: int
    rework: int

    @property
    def good(self) -> int:
        return self.made - self.scrap - self.rework

    @property
    def availability(self) -> float:
        return self.producing / self.busy

    @property
    def effectiveness(self) -> float:
        return PLANNED_MIN_PER_PART * self.made / self.producing

    @property
    def quality(self) -> float:
        return self.good / self.made

    @property
    def oee(self) -> float:
        return PLANNED_MIN_PER_PART * self.good / self.busy

    @property
    def not_good(self) -> float:
        return (self.scrap + self.rework) / self.made

    @property
    def ratios(self) -> list[float]:
        return [self.availability, self.effectiveness, self.quality, self.oee]


# 480 less a break of 30. Produces 0-120, 150-240, 260-300, 375-480. 12 parts thrown out by the machine, 8 by a person.
EARLY = Sums(450, 120 + 90 + 40 + 105, 20, 50, 10, 15, 600, 12 + 8, 0)
# 480 less an hour nobody knows of. Produces 480-600 and 700-960, is set up from 600 to 640. 8 thrown out, 5 sent to rework.
LATE = Sums(420, 120 + 260, 40, 0, 0, 0, 1100 - 600, 20 - 12, 5)
# Produces throughout.
NIGHT = Sums(480, 480, 0, 0, 0, 0, 1800 - 1100, 34 - 20, 0)
SHIFTS = (EARLY, LATE, NIGHT)
# Of sums, never the mean of three ratios.
DAY = Sums(
    busy=450 + 420 + 480,
    producing=355 + 380 + 480,
    setup=20 + 40,
    unplanned=50,
    blocked=10,
    unexplained=15,
    made=1800,
    scrap=20 + 8 + 14,
    rework=5,
)
# Set-up that no reason was said for needs none in OEE, and stands without a reason in the pareto: 15 + 40.
PARETO_MIN = {
    "No reason given": 55,
    "Jam at the feeder": 50,
    "Break": 30,
    "Tool change": 20,
    "Waits": 10,
}
