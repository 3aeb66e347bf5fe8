"""The implementation of :class:`glove_rs.WordVectors`: one file for each of its tasks."""
