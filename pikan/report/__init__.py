"""The report of a solution: its errors, its tables and `report.json`."""
