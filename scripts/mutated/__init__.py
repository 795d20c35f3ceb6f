"""Parts of `scripts/mutation.py`: what is changed, and who notices."""
