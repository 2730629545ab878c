"""Files that people take with them: one table, written as CSV, XLSX or PDF."""
