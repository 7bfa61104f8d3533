"""Tiercel on Google's services: what each function does with what it is asked."""
