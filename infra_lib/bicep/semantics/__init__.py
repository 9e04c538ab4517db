"""What the names of a file mean: symbols, the semantic model, resources and what they depend on."""
