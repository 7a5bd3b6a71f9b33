"""Every list of the application: what it shows, how it is narrowed, what is done to the rows that are chosen.

`listing.Listing` is the one class, `templates/_list/` the one set of templates; a list says its columns and its rows.
"""
