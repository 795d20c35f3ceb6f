"""Many runs of one problem side by side: a file, a table, a law."""
