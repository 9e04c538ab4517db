"""Files: where references lead, what is read while compiling, ARM JSON templates as modules."""
