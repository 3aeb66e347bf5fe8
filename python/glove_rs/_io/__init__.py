"""Sources of text, and files: archives, tables, vectors, Stanford's files, output folders."""
