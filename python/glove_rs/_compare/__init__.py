"""The implementation of `glove_rs.compare`."""
