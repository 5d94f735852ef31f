"""What zigzag-dse 3.9.1 printed, and our runs of the same questions."""
