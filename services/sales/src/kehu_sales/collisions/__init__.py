"""Collisions (撞单): one chance to sell in two hands, found, claimed, yielded and decided (S13)."""
