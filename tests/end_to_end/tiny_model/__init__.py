"""The whole journey with a model: build a tiny one, fine-tune it, serve it, ask it. Not part of the default tests."""
