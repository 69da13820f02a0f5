"""Functions of numbers as one kernel with a thread for each example, in C++ that a host's compiler takes as well."""
