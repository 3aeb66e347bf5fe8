"""What stands behind :class:`glove_rs.Glove`."""
