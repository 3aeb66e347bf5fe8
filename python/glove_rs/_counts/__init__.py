"""Queries on a matrix of counts: measures of association, tables and comparisons of words."""
