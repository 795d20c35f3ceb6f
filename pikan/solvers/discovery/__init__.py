"""Equations from data: candidates in the weak form, all subsets by an information criterion."""
