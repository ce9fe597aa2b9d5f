"""Is decided: the built-in definitions, their scenario tests, templates, catalogues and the sample district."""
