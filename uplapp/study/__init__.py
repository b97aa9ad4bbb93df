"""Studies: conditions become stimuli, stimuli trials, trials answers. The only home of the database."""
