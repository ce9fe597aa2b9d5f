"""Catalogues: the lists a bureau keeps (hazard categories, places, sources), as YAML files beside this one."""
