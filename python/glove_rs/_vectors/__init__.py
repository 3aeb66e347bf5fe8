"""The implementation of :class:`glove_rs.WordVectors`, with a file for each task."""
