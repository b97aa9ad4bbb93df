"""The workflows that join imaging, study, analysis and the Hub."""
