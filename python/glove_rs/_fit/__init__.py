"""The implementation of the methods of :class:`glove_rs.Glove` that train, estimate and infer."""
