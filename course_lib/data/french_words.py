"""French words with their English translation, written down for this course."""

_PAIRS = """
chien dog|chat cat|maison house|eau water|pain bread|lait milk|fromage cheese|pomme apple
livre book|arbre tree|fleur flower|soleil sun|lune moon|ciel sky|mer sea|montagne mountain
ville city|pays country|roi king|reine queen|homme man|femme woman|enfant child|fille girl
frère brother|sœur sister|père father|mère mother|ami friend|main hand|pied foot|tête head|œil eye
bouche mouth|nez nose|oreille ear|cœur heart|jour day|nuit night|matin morning|soir evening
semaine week|mois month|année year|hiver winter|été summer|printemps spring|automne autumn
neige snow|pluie rain|vent wind|feu fire|terre earth|pierre stone|cheval horse|vache cow
oiseau bird|poisson fish|souris mouse|loup wolf|mouton sheep|cochon pig|poulet chicken|rouge red
bleu blue|vert green|jaune yellow|noir black|blanc white|gris gray|grand big|petit small|vieux old
jeune young|chaud hot|froid cold|fort strong|faible weak|riche rich|pauvre poor|heureux happy
triste sad|beau beautiful|rapide fast|lent slow|nouveau new|manger eat|boire drink|dormir sleep
lire read|écrire write|parler speak|courir run|marcher walk|acheter buy|vendre sell|ouvrir open
fermer close|deux two|trois three|quatre four|cinq five|sept seven|huit eight|neuf nine
cent hundred|voiture car|bateau ship|rue street|pont bridge|porte door|fenêtre window|chaise chair
lit bed|clé key|école school|église church|argent money|guerre war|paix peace|vie life|mort death
temps time|mot word
"""


def french_words() -> list[tuple[str, str]]:
    """Return 124 frequent French words, each with one English translation, in a fixed order.

    >>> french_words()[:2]
    [('chien', 'dog'), ('chat', 'cat')]
    """
    entries = (entry for line in _PAIRS.strip().splitlines() for entry in line.split("|"))
    return [(french, english) for french, english in map(str.split, entries)]
