"""The sample district: its organisation, its opening ledger, and both as the workbooks an office would hand in."""
