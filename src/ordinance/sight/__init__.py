"""What was seen: frozen values that looks make and judges read."""
