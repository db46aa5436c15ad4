"""What this project is made of and how that is checked: the lock, the bill of materials, the set-up without a network."""
