"""Readers: the text of one kind of ruleset in, the intermediate representation of `ordinance.proof.ir` out."""
