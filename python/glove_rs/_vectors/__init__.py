"""The implementation of :class:`glove_rs.WordVectors`: each file has one of its tasks."""
