"""What one instance carries, beside what people would write, on one machine and in one run; scripts/bench runs it."""
