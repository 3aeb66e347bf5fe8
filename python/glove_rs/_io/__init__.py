"""Files: text to read, archives, vector files, Stanford's files and the folder of a model."""
