"""Flowables: tasks that decide which tasks come next. Pure: each turns its rendered properties into an opening."""
