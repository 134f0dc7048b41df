"""What people print and sign: forms, group sheets, statistics tables, notices, quarantine workbooks."""
