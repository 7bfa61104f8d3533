"""What stands on PYTHONPATH inside a script's own Python: `sitecustomize`, and the `kestra` helper below `lib`.

Nothing here imports Tiercel, and it works in every Python 3.
"""
