"""Outside systems behind one protocol, `modstamp.ports.Connector`."""
