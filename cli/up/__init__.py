"""`clickrail up`: the whole pipeline on real servers, on this machine, until Ctrl-C."""
