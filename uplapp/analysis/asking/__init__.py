"""What to ask next, and how many observers a study needs: here the usual plan, light enough for menus."""

OBSERVERS = (6, 10, 14, 20, 30, 40)
EXPERIMENTS = 200
BOOTSTRAPS = 200  # the replicates' sd is off by 5%, which costs less power than 100 experiments can show
POWER = 0.8
