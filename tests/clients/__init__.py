"""The official Python clients, `kestrapy` and `kestra`, unchanged, against `tiercel server`."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a field of one of its models has the name of a method of pydantic
    import kestrapy  # noqa: F401
