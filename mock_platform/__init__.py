"""The provincial platform and the publicity system, standing in over real HTTP, with faults to switch on."""
