"""The stages of training in a problem file, one module each."""
