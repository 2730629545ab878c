"""Reports: `queries.py` sums, one pure file for each report lays the sums out."""
