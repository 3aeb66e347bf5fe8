"""What :class:`glove_rs.WordVectors` is made of: one file for each thing that it does."""
