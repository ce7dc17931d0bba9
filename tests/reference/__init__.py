"""A calculator of the figures from the delivered files alone, by brute force: what the warehouse is compared with."""
