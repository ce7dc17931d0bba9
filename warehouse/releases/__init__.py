"""Releases: a build's figures frozen, approved by a person, compared, and proven again."""
