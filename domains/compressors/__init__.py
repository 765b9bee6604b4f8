"""Gas compressors at four stations in Texas: what their instruments say, and which of them is about to fail."""
