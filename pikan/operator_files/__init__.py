"""Operators of problem files: pairs made, what is learned from them corrected and kept."""
