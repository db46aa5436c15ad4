"""Telling: HTML, JUnit and terminal text, made from records only."""
