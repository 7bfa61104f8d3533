"""The ports on one machine: SQLite, a folder, the environment. No account, no second process.

Promise: nothing is decided here; what the ports promise holds across threads, processes and `kill -9`.
"""
