"""An invented register with two years' worth of life in it, to try the product on; every one of its people is made up."""
