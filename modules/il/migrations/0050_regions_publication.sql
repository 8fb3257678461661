-- What reports may see of the addresses: the names of the regions.
create publication il_regions for table il.regions (id, name);
