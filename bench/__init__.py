"""How fast Modstamp is, and where its time goes. Nothing here is asserted: figures are for people."""
