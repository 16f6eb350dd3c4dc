"""What the tests stand on beside pytest: the clock and the zone of a run."""
