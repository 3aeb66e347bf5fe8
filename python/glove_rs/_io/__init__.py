"""Reading text, and reading and writing files: archives, vectors, Stanford's files, folders."""
