"""Studies: conditions become stimuli, stimuli trials, trials answers; the only home of the database."""
