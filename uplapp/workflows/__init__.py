"""Where imaging, study, analysis and the Hub meet."""
