"""The stages of a .bicepparam file."""
