"""The data sets that the 2021 project trained on, and where each comes from."""
