"""What tests share: a tiny random model, recipes by hand, subprocesses."""
