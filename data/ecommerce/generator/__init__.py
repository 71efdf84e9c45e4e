"""Makes the files of data/ecommerce: the clean shop, what is planted in it, how it is written, what is true of it."""
