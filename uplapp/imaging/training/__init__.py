"""Training: from a recipe and a folder of data to a checkpoint."""

from uplapp.imaging.training.learners import LEARNERS, Learner

__all__ = ["LEARNERS", "Learner"]
