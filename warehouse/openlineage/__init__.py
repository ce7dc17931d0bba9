"""OpenLineage: what was loaded, checked and computed, told to a lineage server or a file where a setting says so."""
