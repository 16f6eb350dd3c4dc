"""Apps on which the tests of the screen stand, and what drives them."""
