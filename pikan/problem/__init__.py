"""What is to be solved, of which kind it is, and whether it is well posed."""
