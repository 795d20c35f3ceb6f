"""What is chosen where a problem file is silent, with the reasons."""
