"""Fits of a KAN to data: loss, penalty, attribution and descent."""
