"""How each kind of question is answered: the calls it takes, and the words it is told in."""
