"""uplapp: which image restoration looks best to people, and how sure are we?"""

__version__ = "0.1.0"
