"""What keeps a lake in order and proves it: the receipt, maintenance, recycling, second copies, sizes."""
