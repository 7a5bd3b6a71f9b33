"""An invented register with fourteen months of life in it, to try the product on; all its people are made up."""
