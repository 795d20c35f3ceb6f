"""Well-posedness: compatibility, counts of conditions, singularities."""
