"""Works that the methods paragraph may cite, by the words that cite them."""

REFERENCES = {
    "Arbuthnot 1710": "Arbuthnott, J. (1710). An argument for divine providence, taken from the constant "
    "regularity observ'd in the births of both sexes. Philosophical Transactions, 27, 186-190.",
    "Bradley & Terry 1952": "Bradley, R. A., & Terry, M. E. (1952). Rank analysis of incomplete block "
    "designs: I. The method of paired comparisons. Biometrika, 39(3/4), 324-345.",
    "Efron 1979": "Efron, B. (1979). Bootstrap methods: another look at the jackknife. The Annals of "
    "Statistics, 7(1), 1-26.",
    "Glenn & David 1960": "Glenn, W. A., & David, H. A. (1960). Ties in paired-comparison experiments using "
    "a modified Thurstone-Mosteller model. Biometrics, 16(1), 86-109.",
    "Holm 1979": "Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian "
    "Journal of Statistics, 6(2), 65-70.",
    "Kendall & Babington Smith 1940": "Kendall, M. G., & Babington Smith, B. (1940). On the method of paired "
    "comparisons. Biometrika, 31(3/4), 324-345.",
    "Perez-Ortiz & Mantiuk 2017": "Perez-Ortiz, M., & Mantiuk, R. K. (2017). A practical guide and software "
    "for analysing pairwise comparison experiments. arXiv:1712.03686.",
    "Thurstone 1927": "Thurstone, L. L. (1927). A law of comparative judgment. Psychological Review, 34(4), "
    "273-286.",
}
