"""Opportunities: from the first idea over evaluation and stages to won or lost."""
